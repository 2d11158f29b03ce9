"""How a community reads identifiers: its region, and how many accounts may share one."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import communities, errors, permissions
from qunce.core.communities import Community
from qunce.core.facts import audit
from qunce.core.staff.models import Staff
from qunce.members.accounts import placeholders
from qunce.members.accounts.models import Identifier, Suppression


class RegionInUse(errors.Refused):
    """The region cannot change once phone numbers are stored."""


def check_region(community: Community, region: str) -> None:
    """Raise InvalidCommunity, or RegionInUse unless it is the region already."""
    communities.check_region(region)
    # A number of the old region would not equal the same number read in the new one.
    if region.upper() != community.region and (
        Identifier.objects.filter(community_id=community.pk, kind="phone").exists()
        or Suppression.objects.filter(community=community).exists()
    ):
        raise RegionInUse(
            _(
                "Phone numbers are stored as numbers of %(region)s already, so the "
                "region cannot change. Write numbers of other regions with their "
                "country code, such as +65."
            )
            % {"region": community.region}
        )


UPDATED = audit.declare("identity.updated", gettext_lazy("identity settings changed"))


@transaction.atomic
def update(
    *,
    community: Community,
    region: str,
    shared_identifier_limit: int,
    by: Staff,
    at: datetime,
) -> None:
    """Change the settings; raises InvalidCommunity or RegionInUse."""
    permissions.check_may(by, placeholders.EDIT)
    check_region(community, region)
    communities.set_identity(
        community=community,
        region=region,
        shared_identifier_limit=shared_identifier_limit,
    )
    audit.log(kind=UPDATED, community=community, by=by, at=at)

"""How a community reads identifiers: its region, and how many accounts may share one."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy

from qunce.core import communities, permissions
from qunce.core.communities import Community
from qunce.core.facts import audit
from qunce.core.staff.models import Staff
from qunce.members.accounts import placeholders

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
    """Change the settings for what is read from now on; raises InvalidCommunity."""
    permissions.check_may(by, placeholders.EDIT)
    communities.set_identity(
        community=community,
        region=region,
        shared_identifier_limit=shared_identifier_limit,
    )
    audit.log(kind=UPDATED, community=community, by=by, at=at)

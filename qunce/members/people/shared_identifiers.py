"""Identifiers of too many accounts, such as a shop's hotline, which merge nobody."""

from __future__ import annotations

from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions
from qunce.core.communities import Community
from qunce.core.facts import audit
from qunce.core.staff.models import Staff
from qunce.members.accounts import placeholders
from qunce.members.accounts.models import Identifier, SharedIdentifier
from qunce.members.people import identifier_merges
from qunce.members.people.identifier_merges import Joins

UNMARKED = audit.declare(
    "shared_identifier.unmarked", gettext_lazy("shared identifier unmarked")
)


class SharedIdentifierNotFound(errors.NotFound):
    """This identifier is not marked as shared."""


class StillShared(errors.Refused):
    """More people than one person can be have this identifier."""


# Verbs


@transaction.atomic
def unmark(*, shared: SharedIdentifier, by: Staff, at: datetime) -> Joins:
    """Let the identifier merge people again, beginning with those who have it now.

    Raises StillShared.
    """
    permissions.check_may(by, placeholders.EDIT)
    community = shared.community
    given = {"kind": shared.kind, "value": shared.value}
    if not SharedIdentifier.objects.filter(pk=shared.pk).delete()[0]:
        raise _not_found()
    owners = Identifier.objects.filter(community_id=community.pk, **given)
    accounts = sorted(owners.values_list("account_id", flat=True))
    joins = identifier_merges.merge(
        community=community, accounts=accounts, by=by, at=at
    )
    if any(
        (row.kind, row.value) == (shared.kind, shared.value) for row in joins.shared
    ):
        raise StillShared(
            _(
                "%(count)d accounts have this identifier, which is more than one person"
                " can have. Remove it from some of them, or raise the limit under"
                " Settings → Identity."
            )
            % {"count": len(accounts)}
        )
    audit.log(kind=UNMARKED, community=community, by=by, at=at)
    return joins


# Reads


def get(community: Community, pk: int) -> SharedIdentifier:
    rows = SharedIdentifier.objects.select_related("community")
    try:
        return rows.get(community=community, pk=pk)
    except SharedIdentifier.DoesNotExist:
        raise _not_found() from None


def find(community: Community, kind: str, value: str) -> SharedIdentifier:
    """Raises InvalidIdentifier or SharedIdentifierNotFound."""
    text = placeholders.reader_of(community).require(kind, value)
    rows = SharedIdentifier.objects.select_related("community")
    try:
        return rows.get(community=community, kind=kind, value=text)
    except SharedIdentifier.DoesNotExist:
        raise _not_found() from None


def list_all(community: Community) -> models.QuerySet[SharedIdentifier]:
    """The newest first."""
    rows = SharedIdentifier.objects.filter(community=community)
    return rows.order_by("-found_at", "-pk")


def _not_found() -> SharedIdentifierNotFound:
    return SharedIdentifierNotFound(_("This identifier is not marked as shared."))

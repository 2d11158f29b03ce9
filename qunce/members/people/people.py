"""People: accounts put together, taken apart, shown as one, and erased."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import permissions, revisions
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.jobs import job_queue
from qunce.core.staff.models import Staff
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account, Identifier
from qunce.members.attributes import attributes
from qunce.members.people import merges
from qunce.members.tags import assignments
from qunce.sets.bitmaps import aliases

MERGE = permissions.declare(
    "members.merge", permissions.Role.MANAGER, permissions.Role.OPERATOR
)
ERASE = permissions.declare("members.erase", permissions.Role.MANAGER)
ERASURE_REVISION = "erased"
"""Revision kind: raised when somebody is erased."""
SCRUB_JOB = "members.scrub"
"""The duty that clears what is left of an erased person; its key is the head's id."""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MemberErased(facts.FactKind):
    """Says nothing but that this account is gone; other rooms clear what they hold."""

    kind = "member.erased"
    label = gettext_lazy("erased")


# Verbs


@transaction.atomic
def merge(
    *, left: Account, right: Account, by: Staff, at: datetime, note: str = ""
) -> merges.Merge:
    """Say by hand that two accounts are one person; `note` tells why."""
    permissions.check_may(by, MERGE)
    revisions.bump(left.community_id, aliases.KIND, [0])  # nobody erases them meanwhile
    account_queries.check_ids(left.community, [left.pk, right.pk])
    pair = merges.Pair(left.pk, right.pk, note=note)
    made = merges.merge(community=left.community, pairs=[pair], by=by, at=at)
    if not made:
        raise merges.AlreadyMerged(
            _("%(left)s and %(right)s are already the same person.")
            % {"left": left, "right": right}
        )
    return made[0]


@transaction.atomic
def unmerge(*, left: Account, right: Account, by: Staff, at: datetime) -> merges.Merge:
    """Say that two accounts are not one person: the last join between them is undone.

    Both are as they were before it, and are not joined again by evidence.
    """
    permissions.check_may(by, MERGE)
    _check_same_community(left, right)
    last = merges.get_last_between(left.pk, right.pk)
    merges.unmerge(merge=last, by=by, at=at)
    return last


@transaction.atomic
def erase(*, account: Account, by: Staff, at: datetime) -> int:
    """Erase the person behind this account, which no one can undo.

    From the next count on they are in no set; name, key and identifiers go at once, the
    rest in the background. Returns the number that stood for the person.
    """
    permissions.check_may(by, ERASE)
    community = account.community
    rev = revisions.bump(community.pk, account_models.PRESENCE_REVISION, [0])[0]
    revisions.bump(community.pk, aliases.KIND, [0])  # nobody joins them meanwhile
    revisions.bump(community.pk, ERASURE_REVISION, [0])
    family = account_queries.account_ids_of_person(account.pk)
    for member in Account.objects.filter(pk__in=family).order_by("pk"):
        member.key, member.name, member.source_id = f"erased-{member.pk}", "", None
        member.present, member.erased_at, member.rev = False, at, rev
        member.left_at = member.left_at or at
        member.save()
    Identifier.objects.filter(account_id__in=family).delete()
    event = MemberErased()
    facts.record_for_accounts(event, family, community=community, by=by, at=at)
    job_queue.schedule(duty=SCRUB_JOB, key=str(family[0]), due_at=at)
    return family[0]


def _check_same_community(left: Account, right: Account) -> None:
    if left.community_id != right.community_id:
        raise account_queries.MemberNotFound(
            _("There is no member “%(key)s”.") % {"key": right.key}
        )


# Reads


@dataclass(frozen=True)
class Person:
    """One person as the member page shows them; orders and groups are other rooms'."""

    id: int
    name: str
    accounts: list[Account]
    identifiers: list[tuple[str, str]]
    merges: list[merges.Merge]
    tags: dict[str, int]
    attributes: dict[str, attributes.Held]
    present: bool
    joined_at: datetime
    left_at: datetime | None


def get(community: Community, key: str) -> Person:
    """The person behind an account's key."""
    return get_by_account(account_queries.get(community, key).pk)


def get_by_account(account: int) -> Person:
    """The person behind an account, whichever of theirs it is."""
    family = account_queries.account_ids_of_person(account)
    rows = Account.objects.filter(pk__in=family).order_by("pk")
    accounts = list(rows.select_related("community"))
    left = [account.left_at for account in accounts if account.left_at]
    present = any(account.present for account in accounts)
    known = Identifier.objects.filter(account_id__in=family).order_by("kind", "value")
    return Person(
        id=family[0],
        name=next((account.name for account in accounts if account.name), ""),
        accounts=accounts,
        identifiers=list(known.values_list("kind", "value").distinct()),
        merges=merges.list_between(family),
        tags=assignments.depths_of_person(family),
        attributes=attributes.values_of_person(family),
        present=present,
        joined_at=min(account.joined_at for account in accounts),
        left_at=None if present else max(left),
    )

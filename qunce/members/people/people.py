"""People: merging, unmerging, erasing and reading them."""

from __future__ import annotations

from collections.abc import Mapping
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
from qunce.members.accounts import erased_texts, identifiers, suppression
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import (
    Account,
    Identifier,
    PastIdentifier,
    SharedIdentifier,
)
from qunce.members.attributes import attributes, personal_values
from qunce.members.people import merge_choices, merges, visibility
from qunce.members.tags import person_tags
from qunce.sets.bitmaps import aliases

MERGE = permissions.declare(
    "members.merge",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("merge members and undo merges"),
)
ERASE = permissions.declare(
    "members.erase", permissions.Role.MANAGER, label=gettext_lazy("erase a member")
)
ERASURE_REVISION = "erased"
"""Revision kind, raised when a person is erased."""
SCRUB_JOB = "members.scrub"
"""The job that clears an erased person's remaining data; its key is the person's id."""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MemberErased(facts.FactKind):
    """Carries no data; other applications react by clearing what they hold."""

    kind = "member.erased"
    label = gettext_lazy("erased")
    instead = gettext_lazy("Erase the member on their page or through the API.")


# Verbs


@transaction.atomic
def merge(
    *,
    left: Account,
    right: Account,
    by: Staff,
    at: datetime,
    note: str = "",
    keep: Mapping[str, str] | None = None,
) -> merges.Merge:
    """Merge two accounts by hand; `note` says why. Raises AlreadyMerged.

    `keep` chooses "left" or "right" for differences of `merge_choices`.
    """
    permissions.check_may(by, MERGE)
    # Before the check, so that nobody erases one of them in between.
    revisions.bump(left.community_id, aliases.KIND, [0])
    visibility.check_visible(by=by, accounts=[left.pk, right.pk], at=at)
    sides = {
        merge_choices.LEFT: account_queries.account_ids_of_person(left.pk),
        merge_choices.RIGHT: account_queries.account_ids_of_person(right.pk),
    }
    differences = (
        merge_choices.list_differences(*sides.values(), by=by, at=at) if keep else []
    )
    pair = merges.Pair(left.pk, right.pk, note=note)
    created = merges.merge(community=left.community, pairs=[pair], by=by, at=at)
    if not created:
        raise merges.AlreadyMerged(
            _("%(left)s and %(right)s are already the same person.")
            % {"left": left, "right": right}
        )
    if keep:
        merge_choices.apply(created[0], sides, keep, differences, by=by, at=at)
    return created[0]


@transaction.atomic
def unmerge(*, left: Account, right: Account, by: Staff, at: datetime) -> merges.Merge:
    """Undo the newest merge between two accounts, and return it.

    Both people are as they were before it, and shared identifiers do not merge them
    again.
    """
    permissions.check_may(by, MERGE)
    visibility.check_visible(by=by, accounts=[left.pk, right.pk], at=at)
    newest = merges.get_last_between(left.pk, right.pk)
    merges.unmerge(merge=newest, by=by, at=at)
    merge_choices.restore_name(newest, by=by, at=at)
    return newest


@transaction.atomic
def undo_merge(*, merge: merges.Merge, by: Staff, at: datetime) -> None:
    """Undo this merge, like `unmerge`; raises NotMerged if it is undone already."""
    permissions.check_may(by, MERGE)
    both = [merge.left_id, merge.right_id]
    visibility.check_visible(by=by, accounts=both, at=at)
    merges.unmerge(merge=merge, by=by, at=at)
    merge_choices.restore_name(merge, by=by, at=at)


@transaction.atomic
def erase(*, account: Account, by: Staff, at: datetime) -> int:
    """Erase the person behind this account and return the person's id. Irreversible.

    The person is in no set from now on. Names, keys and identifiers are deleted
    immediately, everything else in the background. Hashes of them keep files, programs
    and channels from bringing the person back.
    """
    permissions.check_may(by, ERASE)
    visibility.check_visible(by=by, accounts=[account.pk], at=at)
    community = account.community
    rev = revisions.bump(community.pk, account_models.PRESENCE_REVISION, [0])[0]
    # So that nobody merges the person while we read their accounts.
    revisions.bump(community.pk, aliases.KIND, [0])
    revisions.bump(community.pk, ERASURE_REVISION, [0])
    ids = account_queries.account_ids_of_person(account.pk)
    rows = Account.objects.filter(pk__in=ids).order_by("pk")
    values = {(identifiers.KEY, row.key) for row in rows}
    own = Identifier.objects.filter(account_id__in=ids)
    values |= set(own.values_list("kind", "value"))
    # A hotline is nobody's own, and its other people have not been erased.
    shared = SharedIdentifier.objects.filter(community=community)
    values -= set(shared.values_list("kind", "value"))
    past = PastIdentifier.objects.filter(account_id__in=ids)
    erased_texts.keep(
        person=ids[0],
        texts=[
            *(text for row in rows for text in (row.key, row.name)),
            *(value for _kind, value in sorted(values)),
            *past.values_list("value", flat=True),
            *personal_values.list_contacts(ids),
        ],
    )
    for row in rows:
        # The key is unique and often a phone number, so it is replaced, not emptied.
        row.key, row.name, row.source_id = f"erased-{row.pk}", "", None
        row.present, row.erased_at, row.rev = False, at, rev
        row.left_at = row.left_at or at
        row.save()
    # Now, so that a new account with the same phone is not merged with the erased
    # person.
    Identifier.objects.filter(account_id__in=ids).delete()
    past.delete()
    suppression.add(community=community, person=ids[0], values=values, at=at)
    facts.record_for_accounts(MemberErased(), ids, community=community, by=by, at=at)
    # In the background: the mirror has to be rewritten, which takes long for a large
    # log.
    job_queue.schedule(job=SCRUB_JOB, key=str(ids[0]), due_at=at, community=community)
    return ids[0]


# Reads


@dataclass(frozen=True)
class Person:
    """One person as the member page shows them, without their orders and groups.

    `id` is the id of their first account.
    """

    id: int
    name: str
    accounts: list[Account]
    identifiers: list[tuple[str, str]]
    merges: list[merges.Merge]
    tags: dict[str, int]
    attributes: dict[str, attributes.CurrentValue]
    present: bool
    joined_at: datetime
    left_at: datetime | None


def get(community: Community, key: str) -> Person:
    """The person behind an account's key; raises MemberNotFound."""
    return get_by_account(account_queries.get(community, key).pk)


def get_by_account(account: int) -> Person:
    """The person behind an account's id."""
    ids = account_queries.account_ids_of_person(account)
    rows = Account.objects.filter(pk__in=ids).order_by("pk")
    accounts = list(rows.select_related("community"))
    left_at = [account.left_at for account in accounts if account.left_at]
    present = any(account.present for account in accounts)
    rows_of_person = Identifier.objects.filter(account_id__in=ids)
    return Person(
        id=ids[0],
        name=next((account.name for account in accounts if account.name), ""),
        accounts=accounts,
        identifiers=list(
            rows_of_person.order_by("kind", "value")
            .values_list("kind", "value")
            .distinct()
        ),
        merges=merges.list_between(ids),
        tags=person_tags.depths_of_person(ids),
        attributes=attributes.values_of_person(ids),
        present=present,
        joined_at=min(account.joined_at for account in accounts),
        left_at=None if present else max(left_at),
    )

"""Merges: which accounts belong to one person, by shared identifiers or by hand."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, personal_texts, revisions, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.tags import assignments
from qunce.members.tags import models as tag_models
from qunce.members.tags import writer as tag_writer
from qunce.members.tags.models import Tag
from qunce.sets.bitmaps import aliases

BY_HAND = "hand"


@personal_texts.erased_in(sentences=("note", "old_name", "new_name"))
class Merge(models.Model):
    """An edge between two accounts; a person is a connected component of active merges.

    A merge is only created between two people, so the edges form a tree and undoing one
    always splits the person as it was before. `batch_id` is the batch that removed the
    tags which an exclusive group does not allow beside those of the first account.
    `value` is the identifier they share, of the kind `reason`; `job_id` and
    `undone_job_id` are the imports that created and undid the merge.
    """

    community = models.ForeignKey(
        Community, models.PROTECT, related_name="+", db_index=False
    )
    left_id = models.BigIntegerField()
    right_id = models.BigIntegerField()
    reason = models.CharField(max_length=20)
    note = models.CharField(max_length=200, default="", blank=True)
    value = models.CharField(max_length=200, default="")
    job_id = models.BigIntegerField(null=True)
    batch_id = models.BigIntegerField(null=True)
    renamed_id = models.BigIntegerField(null=True)
    """The account that got the name of the other person, instead of its `old_name`."""
    old_name = models.CharField(max_length=200, default="")
    new_name = models.CharField(max_length=200, default="")
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+", db_index=False)
    undone_at = timestamps.TimestampField(null=True)
    undone_by = models.ForeignKey(
        Staff, models.PROTECT, null=True, related_name="+", db_index=False
    )
    undone_job_id = models.BigIntegerField(null=True)
    is_veto = models.BooleanField(default=True)
    """Whether an undone merge forbids another one. Corrections do not."""

    class Meta:
        indexes = [
            models.Index(fields=["left_id"], name="merge_by_left"),
            models.Index(fields=["right_id"], name="merge_by_right"),
            models.Index(
                fields=["community", "reason", "value"],
                name="merge_by_evidence",
                condition=~models.Q(value=""),
            ),
            models.Index(
                fields=["job_id"],
                name="merge_by_job",
                condition=models.Q(job_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.left_id} is {self.right_id} by {self.reason}"


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MemberMerged(facts.FactKind):
    """`account` is now the same person as `other`, because of `reason`."""

    kind = "member.merged"
    label = gettext_lazy("merged with another account")
    instead = gettext_lazy(
        "Merge the members on their page, or import the identifier they share."
    )
    other: int
    reason: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MemberUnmerged(facts.FactKind):
    kind = "member.unmerged"
    label = gettext_lazy("unmerged from another account")
    other: int


class AlreadyMerged(errors.Refused):
    """These two accounts already belong to one person."""


class NotMerged(errors.Refused):
    """These two accounts do not belong to one person."""


@dataclass(frozen=True)
class Pair:
    """Two accounts to merge; `reason` is a kind of identifier or BY_HAND.

    `value` is the identifier that both have.
    """

    left: int
    right: int
    reason: str = BY_HAND
    note: str = ""
    value: str = ""


class People:
    """Accounts grouped by person, in memory; `accounts` maps a person to theirs."""

    def __init__(self, accounts: Mapping[int, Sequence[int]]) -> None:
        self.accounts = {person: list(ids) for person, ids in accounts.items()}
        self._person_ids = {
            account: person for person, ids in self.accounts.items() for account in ids
        }

    @classmethod
    def unmerged(cls, accounts: Iterable[int]) -> People:
        """Each account as a person of its own."""
        return cls({account: [account] for account in accounts})

    def person_id(self, account: int) -> int:
        return self._person_ids[account]

    def accounts_of(self, account: int) -> list[int]:
        """All accounts of the person behind an account."""
        return self.accounts[self._person_ids[account]]

    def unite(self, left: int, right: int) -> None:
        """Make one person of two; the lower id identifies them."""
        first, second = sorted((self.person_id(left), self.person_id(right)))
        if first == second:
            return
        moved = self.accounts.pop(second)
        # A new list: callers hold the two sides of a merge while they are united.
        self.accounts[first] = [*self.accounts[first], *moved]
        self._person_ids.update(dict.fromkeys(moved, first))

    def is_vetoed(self, pair: Pair, vetoes: Mapping[int, set[int]]) -> bool:
        """Whether staff unmerged an account of one side from one of the other side."""
        other = self.person_id(pair.right)
        return any(
            self._person_ids.get(vetoed) == other
            for account in self.accounts_of(pair.left)
            for vetoed in vetoes.get(account, ())
        )


# Verbs


@transaction.atomic
def merge(
    *,
    community: Community,
    pairs: Sequence[Pair],
    by: Staff,
    at: datetime,
    job_id: int | None = None,
) -> list[Merge]:
    """Make one person of each pair; returns the merges created.

    Skips pairs that are one person already, and erased people. Pairs found by an
    identifier are also skipped if staff unmerged these people before.
    """
    revisions.bump(community.pk, aliases.KIND, [0])  # serialises merging and erasing
    people = People(
        account_queries.accounts_by_person(
            account for pair in pairs for account in (pair.left, pair.right)
        )
    )
    # Loaded once for all pairs, as an import has thousands.
    vetoes = _find_vetoes(community, people)
    erased = account_queries.find_erased(people.accounts)
    created: list[Merge] = []
    for pair in pairs:
        sides = {people.person_id(pair.left), people.person_id(pair.right)}
        if len(sides) == 1 or sides & erased:
            continue
        if pair.reason != BY_HAND and people.is_vetoed(pair, vetoes):
            continue
        # At once, so that later pairs see it: A–B and B–C make one person with two
        # edges.
        people.unite(pair.left, pair.right)
        left, right = sorted((pair.left, pair.right))
        created.append(
            Merge(
                community=community,
                left_id=left,
                right_id=right,
                reason=pair.reason,
                note=pair.note,
                value=pair.value,
                job_id=job_id,
                at=at,
                by=by,
            )
        )
    if created:
        _store(created, people, community, by, at)
    return created


def _store(
    merges: Sequence[Merge],
    people: People,
    community: Community,
    by: Staff,
    at: datetime,
) -> None:
    """Insert new merges with their aliases, exclusive tags and facts."""
    Merge.objects.bulk_create(merges, batch_size=1000)
    person_ids = {
        account: people.person_id(account)
        for merge in merges
        for account in people.accounts_of(merge.left_id)
    }
    # Before the tags, as the check for exclusive groups asks for people and not
    # accounts.
    aliases.assign(community.pk, person_ids)
    _enforce_exclusive_tags(community, list(person_ids), by, at)
    merged = [
        MemberMerged(account=merge.right_id, other=merge.left_id, reason=merge.reason)
        for merge in merges
    ]
    facts.record_many(merged, community=community, by=by, at=at)


@transaction.atomic
def unmerge(
    *,
    merge: Merge,
    by: Staff,
    at: datetime,
    is_veto: bool = True,
    job_id: int | None = None,
) -> None:
    """Undo one merge; both sides get back the exclusive tags that it removed.

    A veto keeps shared identifiers from merging the two people again. `job_id` is the
    import that undoes the merge.
    """
    community = merge.community
    revisions.bump(community.pk, aliases.KIND, [0])
    # The row stays when it is undone, as the veto and for the history.
    active = Merge.objects.filter(pk=merge.pk, undone_at__isnull=True)
    undone_by = {"undone_by": by, "undone_job_id": job_id, "is_veto": is_veto}
    if not active.update(undone_at=at, **undone_by):
        raise NotMerged(_("This merge has already been undone."))
    accounts = account_queries.account_ids_of_person(merge.left_id)
    remaining = list_between(accounts)
    # Tags are restored to each account alone, then the remaining merges are replayed.
    aliases.assign(community.pk, {account: account for account in accounts})
    # The newest merge first: a later one may have removed a tag that an earlier one left.
    undone = sorted([*remaining, merge], key=lambda merge: merge.pk, reverse=True)
    for other in undone:
        if other.batch_id is not None:
            batch = tag_models.TagBatch.objects.get(pk=other.batch_id)
            Merge.objects.filter(pk=other.pk).update(batch_id=None)
            assignments.revert(batch=batch, by=by, at=at)
    people = People.unmerged(accounts)
    for other in remaining:
        people.unite(other.left_id, other.right_id)
    aliases.assign(community.pk, {a: people.person_id(a) for a in accounts})
    _enforce_exclusive_tags(community, accounts, by, at)
    fact = MemberUnmerged(account=merge.right_id, other=merge.left_id)
    facts.record(fact, community=community, by=by, at=at)


# Exclusive tags


def _enforce_exclusive_tags(
    community: Community, accounts: Sequence[int], by: Staff, at: datetime
) -> None:
    """Replay the merges of these people and remove the tags that each one rules out.

    The side with the lower person id keeps its tag of an exclusive group.
    """
    tags = _find_exclusive_tags(community, accounts)
    if not tags:
        return
    people = People.unmerged(accounts)
    for merge in list_between(accounts):
        sides = sorted(map(people.person_id, (merge.left_id, merge.right_id)))
        keeping, losing = (people.accounts[person] for person in sides)
        people.unite(merge.left_id, merge.right_id)
        by_group = {tag.group_id: tag for a in keeping for tag in tags.get(a, ())}
        for account in losing:
            for tag in tuple(tags.get(account, ())):
                if by_group.get(tag.group_id, tag) != tag:
                    _remove_tag(merge, tag, account, by, at)
                    tags[account].remove(tag)


def _remove_tag(merge: Merge, tag: Tag, account: int, by: Staff, at: datetime) -> None:
    """Remove a tag in the merge's own batch, so that unmerging restores it."""
    if merge.batch_id is None:
        batch = assignments.create_batch(
            community=merge.community, by=by, at=at, source="merge", note=str(merge.pk)
        )
        merge.batch_id = batch.pk
        merge.save(update_fields=["batch_id"])
    batch = tag_models.TagBatch.objects.get(pk=merge.batch_id)
    tag_writer.TagWriter(batch, by, at).write(tag, {account: 0})


def _find_exclusive_tags(
    community: Community, accounts: Sequence[int]
) -> dict[int, list[Tag]]:
    """Account → its tags of exclusive groups, with those groups locked."""
    groups = tag_models.TagGroup.objects.filter(community=community, exclusive=True)
    group_ids = list(groups.order_by("pk").values_list("pk", flat=True))
    tags: dict[int, list[Tag]] = {}
    if not group_ids:
        return tags
    tag_writer.lock_groups(group_ids)
    taggings = tag_models.Tagging.objects.filter(tag__group__in=group_ids, present=True)
    for chunk in account_queries.chunks(sorted(set(accounts))):
        rows = taggings.filter(account_id__in=chunk).order_by("tag_id", "account_id")
        for row in rows.select_related("tag__group", "tag__community"):
            tags.setdefault(row.account_id, []).append(row.tag)
    return tags


# Reads


def _find_vetoes(community: Community, people: People) -> dict[int, set[int]]:
    """Account → accounts from which it was unmerged."""
    vetoes: dict[int, set[int]] = {}
    undone = list_vetoes(community)
    if not undone.exists():
        return vetoes
    accounts = list(itertools.chain(*people.accounts.values()))
    for chunk in account_queries.chunks(accounts):
        rows = undone.filter(Q(left_id__in=chunk) | Q(right_id__in=chunk))
        for left, right in rows.values_list("left_id", "right_id"):
            vetoes.setdefault(left, set()).add(right)
            vetoes.setdefault(right, set()).add(left)
    return vetoes


def list_vetoes(community: Community) -> models.QuerySet[Merge]:
    """The merges that staff undid and that identifiers must not repeat."""
    merges = Merge.objects.filter(community=community, undone_at__isnull=False)
    return merges.filter(is_veto=True)


def list_between(accounts: Sequence[int]) -> list[Merge]:
    """The active merges among these accounts, the oldest first."""
    merges: list[Merge] = []
    for chunk in account_queries.chunks(accounts):
        rows = Merge.objects.filter(left_id__in=chunk, undone_at__isnull=True)
        merges += rows.select_related("community")
    return sorted(merges, key=lambda merge: merge.pk)


def get_last_between(left: int, right: int) -> Merge:
    """The newest merge on the path between two accounts; raises NotMerged.

    It is the one that made them one person.
    """
    merges = list_between(account_queries.account_ids_of_person(left))
    # Breadth first; the merges form a tree, so there is one path to each account.
    paths: dict[int, list[Merge]] = {left: []}
    queue = deque([left])
    while queue:
        account = queue.popleft()
        for merge in merges:
            if account in (merge.left_id, merge.right_id):
                other = merge.right_id if account == merge.left_id else merge.left_id
                if other not in paths:
                    paths[other] = [*paths[account], merge]
                    queue.append(other)
    if left == right or right not in paths:
        raise NotMerged(_("These two accounts do not belong to the same person."))
    return max(paths[right], key=lambda merge: merge.pk)

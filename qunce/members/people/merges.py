"""Which accounts are one person: joins between two accounts, by evidence or by hand."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import db, errors, revisions, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.accounts import identifiers
from qunce.members.accounts import queries as account_queries
from qunce.members.tags import assignments
from qunce.members.tags import models as tag_models
from qunce.members.tags import writer as tag_writer
from qunce.members.tags.models import Tag
from qunce.sets.bitmaps import aliases

BY_HAND = "hand"


class Merge(models.Model):
    """A join of two accounts. People are what hangs together by joins not undone.

    A join is only made between two people, so each one holds a person together and
    undoing it always parts them as they were. `batch_id` took tags off that an exclusive
    group does not allow beside the first account's.
    """

    community = models.ForeignKey(
        Community, models.PROTECT, related_name="+", db_index=False
    )
    left_id = models.BigIntegerField()
    right_id = models.BigIntegerField()
    reason = models.CharField(max_length=20)
    note = models.CharField(max_length=200, default="", blank=True)
    batch_id = models.BigIntegerField(null=True)
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+", db_index=False)
    undone_at = timestamps.TimestampField(null=True)
    undone_by = models.ForeignKey(
        Staff, models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        indexes = [
            models.Index(fields=["left_id"], name="merge_by_left"),
            models.Index(fields=["right_id"], name="merge_by_right"),
        ]

    def __str__(self) -> str:
        return f"{self.left_id} is {self.right_id} by {self.reason}"


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MemberMerged(facts.FactKind):
    """`account` is now one person with `other`, because of `reason`."""

    kind = "member.merged"
    label = gettext_lazy("merged with another account")
    other: int
    reason: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MemberUnmerged(facts.FactKind):
    kind = "member.unmerged"
    label = gettext_lazy("unmerged from another account")
    other: int


class AlreadyMerged(errors.Refused):
    """These two accounts belong to one person already."""


class NotMerged(errors.Refused):
    """These two accounts do not belong to one person."""


@dataclass(frozen=True)
class Pair:
    left: int
    right: int
    reason: str = BY_HAND
    note: str = ""


# Verbs


@transaction.atomic
def merge(
    *, community: Community, pairs: Sequence[Pair], by: Staff, at: datetime
) -> list[Merge]:
    """Make one person of each pair; pairs that are one already are passed over.

    So are the erased, and by evidence people whom somebody has parted by hand.
    """
    revisions.bump(community.pk, aliases.KIND, [0])  # one merges or erases at a time
    people = People.around(a for pair in pairs for a in (pair.left, pair.right))
    vetoes, gone = (
        _vetoes(community, people),
        account_queries.find_erased(people.members),
    )
    made = []
    for pair in pairs:
        ends = {people.head(pair.left), people.head(pair.right)}
        if len(ends) == 1 or ends & gone:
            continue
        if pair.reason != BY_HAND and people.parted(pair, vetoes):
            continue
        people.unite(pair.left, pair.right)
        made.append(_row(community, pair, by, at))
    if made:
        Merge.objects.bulk_create(made, batch_size=1000)
        heads = {a: head for merge in made for a, head in people.of(merge.left_id)}
        aliases.assign(community.pk, heads)
        _settle(community, list(heads), by, at)
        events = [
            MemberMerged(account=m.right_id, other=m.left_id, reason=m.reason)
            for m in made
        ]
        facts.record_many(events, community=community, by=by, at=at)
    return made


def merge_by_identifiers(
    *, community: Community, accounts: Sequence[int], by: Staff, at: datetime
) -> list[Merge]:
    """Join these accounts to all that share a phone, an e-mail or a unionid (K1)."""
    pairs = []
    parted = Merge.objects.filter(community=community, undone_at__isnull=False).exists()
    for kind, several in _alike(community, accounts):
        if parted:
            found = itertools.combinations(several, 2)
            pairs += [Pair(left, right, kind) for left, right in found]
        else:
            pairs += [Pair(several[0], other, kind) for other in several[1:]]
    if not pairs:
        return []
    return merge(community=community, pairs=pairs, by=by, at=at)


@transaction.atomic
def unmerge(*, merge: Merge, by: Staff, at: datetime) -> None:
    """Undo one join; both sides are what they were, exclusive tags too."""
    community = merge.community
    revisions.bump(community.pk, aliases.KIND, [0])
    open_ = Merge.objects.filter(pk=merge.pk, undone_at__isnull=True)
    if not open_.update(undone_at=at, undone_by=by):
        raise NotMerged(_("This merge has already been undone."))
    accounts = account_queries.account_ids_of_person(merge.left_id)
    aliases.assign(community.pk, {account: account for account in accounts})
    remaining = list_between(accounts)
    _unsettle([*remaining, merge], by, at)
    people = People({account: [account] for account in accounts})
    for other in remaining:
        people.unite(other.left_id, other.right_id)
    aliases.assign(community.pk, {a: people.head(a) for a in accounts})
    _settle(community, accounts, by, at)
    event = MemberUnmerged(account=merge.right_id, other=merge.left_id)
    facts.record(event, community=community, by=by, at=at)


def _row(community: Community, pair: Pair, by: Staff, at: datetime) -> Merge:
    left, right = sorted((pair.left, pair.right))
    return Merge(
        community=community,
        left_id=left,
        right_id=right,
        reason=pair.reason,
        note=pair.note,
        at=at,
        by=by,
    )


# Exclusive tags


def _settle(
    community: Community, accounts: Sequence[int], by: Staff, at: datetime
) -> None:
    """Walk the joins of these people in order and take off what each one rules out.

    The side with the earlier first account keeps its tag of an exclusive group.
    """
    carried = _exclusive_tags(community, accounts)
    if not carried:
        return
    people = People({account: [account] for account in accounts})
    for merge in list_between(accounts):
        sides = sorted((people.head(merge.left_id), people.head(merge.right_id)))
        keeper, loser = (people.members[head] for head in sides)
        people.unite(merge.left_id, merge.right_id)
        kept = {tag.group_id: tag for a in keeper for tag in carried.get(a, ())}
        for account in loser:
            for tag in tuple(carried.get(account, ())):
                if kept.get(tag.group_id, tag) != tag:
                    _take_off(merge, tag, account, by, at)
                    carried[account].remove(tag)


def _take_off(merge: Merge, tag: Tag, account: int, by: Staff, at: datetime) -> None:
    if merge.batch_id is None:
        batch = assignments.create_batch(
            community=merge.community, by=by, at=at, source="merge", note=str(merge.pk)
        )
        merge.batch_id = batch.pk
        merge.save(update_fields=["batch_id"])
    batch = tag_models.TagBatch.objects.get(pk=merge.batch_id)
    tag_writer.TagWriter(batch, by, at).write(tag, {account: 0})


def _unsettle(merges: Sequence[Merge], by: Staff, at: datetime) -> None:
    """Give back what these joins took off, the last first."""
    for merge in sorted(merges, key=lambda one: one.pk, reverse=True):
        if merge.batch_id is not None:
            batch = tag_models.TagBatch.objects.get(pk=merge.batch_id)
            Merge.objects.filter(pk=merge.pk).update(batch_id=None)
            assignments.revert(batch=batch, by=by, at=at)


def _exclusive_tags(
    community: Community, accounts: Sequence[int]
) -> dict[int, list[Tag]]:
    """Account → tags of exclusive groups on it."""
    groups = tag_models.TagGroup.objects.filter(community=community, exclusive=True)
    locked = list(groups.order_by("pk").values_list("pk", flat=True))
    carried: dict[int, list[Tag]] = {}
    if not locked:
        return carried
    tag_writer.lock_groups(locked)
    rows = tag_models.Tagging.objects.filter(tag__group__in=locked, present=True)
    for chunk in account_queries.chunks(sorted(set(accounts))):
        found = rows.filter(account_id__in=chunk).order_by("tag_id", "account_id")
        for row in found.select_related("tag__group", "tag__community"):
            carried.setdefault(row.account_id, []).append(row.tag)
    return carried


# Reads


class People:
    """Accounts put together into people, by first account."""

    def __init__(self, members: dict[int, list[int]]) -> None:
        self.members = members
        self._heads = {a: head for head, some in members.items() for a in some}

    @classmethod
    def around(cls, accounts: Iterable[int]) -> People:
        return cls(account_queries.accounts_by_person(accounts))

    def head(self, account: int) -> int:
        return self._heads[account]

    def of(self, account: int) -> Iterator[tuple[int, int]]:
        """Every account of the person, with the person's first."""
        head = self.head(account)
        return ((member, head) for member in self.members[head])

    def unite(self, one: int, other: int) -> None:
        first, second = sorted((self.head(one), self.head(other)))
        if first == second:
            return
        joining = self.members.pop(second)
        self.members[first] = self.members[first] + joining
        self._heads.update(dict.fromkeys(joining, first))

    def parted(self, pair: Pair, vetoes: dict[int, set[int]]) -> bool:
        """Whether somebody parted these two people by hand."""
        if not vetoes:
            return False
        other = self.head(pair.right)
        return any(
            self._heads.get(barred) == other
            for account, _ in self.of(pair.left)
            for barred in vetoes.get(account, ())
        )


def _vetoes(community: Community, people: People) -> dict[int, set[int]]:
    """Account → accounts that it was parted from."""
    barred: dict[int, set[int]] = {}
    undone = Merge.objects.filter(community=community, undone_at__isnull=False)
    if undone.exists():
        accounts = [a for some in people.members.values() for a in some]
        for chunk in account_queries.chunks(accounts):
            near = undone.filter(Q(left_id__in=chunk) | Q(right_id__in=chunk))
            for left, right in near.values_list("left_id", "right_id"):
                barred.setdefault(left, set()).add(right)
                barred.setdefault(right, set()).add(left)
    return barred


ALIKE = """
SELECT i.kind, i.value, i.account_id
FROM members_identifier i JOIN members_account a ON a.id = i.account_id
WHERE i.community_id = %s AND a.erased_at IS NULL
    AND (i.kind, i.value) IN (
        SELECT mine.kind, mine.value FROM members_identifier mine
        WHERE mine.account_id IN ({accounts}) AND mine.kind IN ({kinds}))
ORDER BY i.kind, i.value, i.account_id
"""


def _alike(
    community: Community, accounts: Sequence[int]
) -> list[tuple[str, list[int]]]:
    """Kind and accounts of every value that several accounts share, the surest first."""
    groups: dict[tuple[str, str], list[int]] = {}
    for chunk in account_queries.chunks(accounts):
        sql = ALIKE.format(
            accounts=db.placeholders(len(chunk)),
            kinds=db.placeholders(len(identifiers.MERGING_KINDS)),
        )
        seen: dict[tuple[str, str], list[int]] = {}
        for kind, value, account in db.rows(
            sql, [community.pk, *chunk, *identifiers.MERGING_KINDS]
        ):
            seen.setdefault((kind, value), []).append(account)
        groups |= seen
    order = sorted(
        groups, key=lambda one: (identifiers.MERGING_KINDS.index(one[0]), one[1])
    )
    return [(kind, groups[kind, v]) for kind, v in order if len(groups[kind, v]) > 1]


def list_between(accounts: Sequence[int]) -> list[Merge]:
    """The joins in force among these accounts, in the order they were made."""
    found: list[Merge] = []
    for chunk in account_queries.chunks(accounts):
        rows = Merge.objects.filter(left_id__in=chunk, undone_at__isnull=True)
        found += rows.select_related("community")
    return sorted(found, key=lambda merge: merge.pk)


def get_last_between(left: int, right: int) -> Merge:
    """The join that made these two one person: the newest on the way between them."""
    joins = list_between(account_queries.account_ids_of_person(left))
    ways: dict[int, list[Merge]] = {left: []}
    queue = deque([left])
    while queue:
        here = queue.popleft()
        for merge in joins:
            if here in (merge.left_id, merge.right_id):
                there = merge.right_id if here == merge.left_id else merge.left_id
                if there not in ways:
                    ways[there] = [*ways[here], merge]
                    queue.append(there)
    if left == right or right not in ways:
        raise NotMerged(_("These two accounts do not belong to the same person."))
    return max(ways[right], key=lambda merge: merge.pk)

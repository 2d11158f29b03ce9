"""Who carries which tag: putting and taking off, in batches that can be undone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import db, errors, permissions, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.tags import library
from qunce.members.tags import models as tag_models
from qunce.members.tags import writer as tag_writer
from qunce.members.tags.models import KIND, MANUAL, Tag, TagBatch, TagChange, Tagging
from qunce.members.tags.writer import TagWriter
from qunce.sets.bitmaps import marks

MERGED, EXPIRED = "merge", "expiry"
NOT_UNDOABLE = (MERGED, EXPIRED)
APPLY = permissions.declare(
    "tags.apply", permissions.Role.MANAGER, permissions.Role.OPERATOR
)


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagBatchUndone(facts.FactKind):
    kind = "tag.batch_undone"
    label = gettext_lazy("tagging undone")
    batch: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagMerged(facts.FactKind):
    kind = "tag.merged"
    label = gettext_lazy("tags merged")
    tag: str
    into: str
    members: int


class BatchAlreadyUndone(errors.Refused):
    """A batch can be undone once."""


class BatchNotUndoable(errors.Refused):
    """Some batches stand for good."""


class InvalidTagMerge(errors.Invalid):
    """A tag cannot be merged into itself."""


class BatchNotFound(errors.NotFound):
    """There is no such batch in this community."""


# Checks


def check_may_undo(batch: TagBatch, by: Staff) -> None:
    """Whoever sees a part of the members undoes only what they did themselves."""
    permissions.check_may(by, APPLY)
    if batch.undone_at is not None:
        raise BatchAlreadyUndone(_("This batch has already been undone."))
    if batch.source in NOT_UNDOABLE:
        raise BatchNotUndoable(_("Merges and expiries cannot be undone."))
    if by.scope is not None and batch.by_id != by.pk:
        raise permissions.NotAllowed(
            _("Somebody else did this, and your scope covers only some of the members.")
        )


def may_undo(batch: TagBatch, by: Staff) -> bool:
    try:
        check_may_undo(batch, by)
    except errors.Refused:
        return False
    return True


# Verbs


def create_batch(
    *,
    community: Community,
    by: Staff,
    at: datetime,
    source: str = MANUAL,
    note: str = "",
) -> TagBatch:
    """A batch to which several verbs may add; it is undone as one."""
    return TagBatch.objects.create(
        community=community, source=source, note=note, at=at, by=by
    )


def apply(
    *,
    tag: Tag,
    accounts: Iterable[int],
    by: Staff,
    at: datetime,
    source: str = MANUAL,
    note: str = "",
    expires_at: datetime | None = None,
    batch: TagBatch | None = None,
) -> TagBatch:
    """See to it that these people carry the tag, until it expires.

    Who carries it already keeps its depth. Each 5,000 accounts are one transaction.
    """
    wanted = _checked(tag, accounts, by)
    batch = batch or create_batch(
        community=tag.community, by=by, at=at, source=source, note=note
    )
    writer = TagWriter(batch, by, at, expires_at)
    for chunk in account_queries.chunks(wanted):
        with transaction.atomic():
            _put(writer, tag, chunk)
    return batch


def _put(writer: TagWriter, tag: Tag, accounts: Sequence[int]) -> None:
    writer.lock(tag)
    families = account_queries.accounts_by_person(accounts)
    mine = [account for family in families.values() for account in family]
    weights = marks.find_weights(KIND, tag.pk, mine)
    chosen = set(accounts)
    new = {
        next(account for account in family if account in chosen): 1
        for family in families.values()
        if not any(account in weights for account in family)
    }
    writer.extend(tag, list(weights))
    writer.clear_rivals(tag, list(new))
    writer.write(tag, new)


def set_depths(
    *,
    tag: Tag,
    depths: Mapping[int, int],
    by: Staff,
    at: datetime,
    source: str = MANUAL,
    note: str = "",
    expires_at: datetime | None = None,
    batch: TagBatch | None = None,
) -> TagBatch:
    """Give each account exactly this depth, 0 to take it off.

    A person's depth is the sum over their accounts.
    """
    wanted = _checked(tag, depths, by)
    batch = batch or create_batch(
        community=tag.community, by=by, at=at, source=source, note=note
    )
    writer = TagWriter(batch, by, at, expires_at)
    for chunk in account_queries.chunks(wanted):
        with transaction.atomic():
            writer.lock(tag)
            some = {account: depths[account] for account in chunk}
            writer.clear_rivals(tag, [a for a, depth in some.items() if depth])
            writer.write(tag, some)
    return batch


def remove(
    *,
    tag: Tag,
    accounts: Iterable[int],
    by: Staff,
    at: datetime,
    source: str = MANUAL,
    note: str = "",
    batch: TagBatch | None = None,
) -> TagBatch:
    """See to it that these people do not carry the tag, with none of their accounts."""
    permissions.check_may(by, APPLY)
    wanted = sorted(set(accounts))
    account_queries.check_ids(tag.community, wanted)
    batch = batch or create_batch(
        community=tag.community, by=by, at=at, source=source, note=note
    )
    writer = TagWriter(batch, by, at)
    for chunk in account_queries.chunks(wanted):
        with transaction.atomic():
            families = account_queries.accounts_by_person(chunk).values()
            writer.write(tag, {a: 0 for family in families for a in family})
    return batch


def remove_expired(*, at: datetime) -> int:
    """Take off what has run out, in every community; returns how many."""
    due = Tagging.objects.filter(present=True, expires_at__lte=timestamps.to_micros(at))
    found: dict[int, list[int]] = {}
    for tag_id, account in due.values_list("tag_id", "account_id"):
        found.setdefault(tag_id, []).append(account)
    taken = 0
    for tag in Tag.objects.filter(pk__in=found).select_related("community"):
        by = staff_models.system(tag.community)
        batch = create_batch(community=tag.community, by=by, at=at, source=EXPIRED)
        writer = TagWriter(batch, by, at)
        for chunk in account_queries.chunks(found[tag.pk]):
            with transaction.atomic():
                still = due.filter(tag=tag, account_id__in=chunk)
                writer.write(
                    tag, dict.fromkeys(still.values_list("account_id", flat=True), 0)
                )
        taken += batch.changed
    return taken


def _checked(tag: Tag, accounts: Iterable[int], by: Staff) -> list[int]:
    permissions.check_may(by, APPLY)
    library.check_active(tag)
    wanted = sorted(set(accounts))
    account_queries.check_ids(tag.community, wanted)
    return wanted


@transaction.atomic
def undo(*, batch: TagBatch, by: Staff, at: datetime) -> int:
    """Everything back as it was before the batch, but for what was changed since.

    Returns how many taggings were restored.
    """
    check_may_undo(batch, by)
    return revert(batch=batch, by=by, at=at)


@transaction.atomic
def revert(*, batch: TagBatch, by: Staff, at: datetime) -> int:
    """The same for verbs of this room that part what they joined: joins' batches too."""
    fresh = TagBatch.objects.filter(pk=batch.pk, undone_at__isnull=True)
    if not fresh.update(undone_at=at, undone_by=by):
        raise BatchAlreadyUndone(_("This batch has already been undone."))
    batch.refresh_from_db()
    community = batch.community
    chosen = Tag.objects.filter(pk__in=batch.tags).select_related("group", "community")
    several = list(chosen.order_by("pk"))
    tag_writer.lock_groups({tag.group_id for tag in several if tag.group_id})
    restored = sum(_undo_putting(tag, batch, by, at) for tag in several)
    restored += sum(_undo_taking(tag, batch, by, at) for tag in several)
    event = TagBatchUndone(batch=batch.pk)
    facts.record(event, community=community, by=by, at=at)
    return restored


RESTORE = """
UPDATE members_tagging SET tagged_at = c.tagged_at, by_id = c.by_id, source = c.source,
    expires_at = c.expires_at, batch_id = c.previous_batch_id
FROM members_tagchange c
WHERE c.batch_id = %s AND c.tag_id = members_tagging.tag_id
    AND c.account_id = members_tagging.account_id
    AND members_tagging.tag_id = %s AND members_tagging.batch_id = %s
"""


def _before(tag: Tag, batch: TagBatch) -> dict[int, int]:
    """Account → weight before the batch, of the rows that nobody changed since."""
    rows = Tagging.objects.filter(tag=tag, batch_id=batch.pk).order_by("account_id")
    mine = dict.fromkeys(rows.values_list("account_id", flat=True), 0)
    kept = TagChange.objects.filter(batch_id=batch.pk, tag_id=tag.pk)
    return mine | {
        account: weight
        for account, weight in kept.values_list("account_id", "weight")
        if account in mine
    }


def _undo_putting(tag: Tag, batch: TagBatch, by: Staff, at: datetime) -> int:
    """What the batch put on somebody who did not carry the tag goes again."""
    gone = {account: 0 for account, was in _before(tag, batch).items() if not was}
    return tag_writer.restore_weights(tag, gone, by, at)


def _undo_taking(tag: Tag, batch: TagBatch, by: Staff, at: datetime) -> int:
    """What the batch took off or deepened is as before, unless a rival came since."""
    weights = {account: was for account, was in _before(tag, batch).items() if was}
    barred = {a for some in tag_writer.find_rivals(tag, weights).values() for a in some}
    families = account_queries.accounts_by_person(barred).values()
    theirs = {account for family in families for account in family}
    free = {a: weight for a, weight in weights.items() if a not in theirs}
    changed = tag_writer.restore_weights(tag, free, by, at)
    mine = Tagging.objects.filter(tag=tag, batch_id=batch.pk)
    for chunk in account_queries.chunks(sorted(theirs & set(weights))):
        mine.filter(account_id__in=chunk).update(batch_id=None)
    db.execute(RESTORE, [batch.pk, tag.pk, batch.pk])
    mine.update(batch_id=None)
    return changed


@transaction.atomic
def merge(*, tag: Tag, into: Tag, by: Staff, at: datetime) -> TagBatch:
    """Make one tag of two: `tag`'s carriers move, its key stays as a synonym.

    Who carries both keeps the greater depth. Who already carries another tag of the
    exclusive group that `into` is in keeps that one.
    """
    permissions.check_may(by, tag_models.MANAGE)
    if tag.pk == into.pk or tag.community_id != into.community_id:
        raise InvalidTagMerge(_("Choose two different tags."))
    library.check_active(into)
    batch = create_batch(
        community=tag.community, by=by, at=at, source=MERGED, note=tag.key
    )
    writer = TagWriter(batch, by, at)
    writer.lock(into)
    library.mark_merged(tag=tag, of=into)
    rows = Tagging.objects.filter(tag=tag, present=True).order_by("account_id")
    moving = dict(rows.values_list("account_id", "weight"))
    for chunk in account_queries.chunks(list(moving)):
        _move(writer, tag, into, {account: moving[account] for account in chunk})
    event = TagMerged(tag=tag.key, into=into.key, members=len(moving))
    facts.record(event, community=tag.community, by=by, at=at)
    return batch


EXPIRY = """
UPDATE members_tagging SET expires_at = old.expires_at FROM members_tagging old
WHERE old.tag_id = %s AND old.account_id = members_tagging.account_id
    AND members_tagging.tag_id = %s AND members_tagging.batch_id = %s
"""


def _move(writer: TagWriter, tag: Tag, into: Tag, weights: Mapping[int, int]) -> None:
    others = tag_writer.find_rivals(into, weights)
    others.pop(tag, None)
    barred = {a for some in others.values() for a in some}
    heads = set(account_queries.person_ids(barred).values())
    head_of = account_queries.person_ids(weights)
    there = marks.find_weights(KIND, into.pk, list(weights))
    gaining = {
        account: max(weight, there.get(account, 0))
        for account, weight in weights.items()
        if head_of[account] not in heads
    }
    writer.write(into, gaining)
    db.execute(EXPIRY, [tag.pk, into.pk, writer.batch.pk])
    writer.write(tag, dict.fromkeys(weights, 0))


# Reads


def depths_of_person(accounts: Iterable[int]) -> dict[str, int]:
    """Tag key → depth over all these accounts of one person."""
    depths: dict[str, int] = {}
    rows = Tagging.objects.filter(account_id__in=list(accounts), present=True)
    for key, weight in rows.order_by("tag__key").values_list("tag__key", "weight"):
        depths[key] = depths.get(key, 0) + weight
    return depths


@dataclass(frozen=True, slots=True)
class PersonTag:
    """One tag of a person; `since`, `source` and `by_id` are of the latest tagging."""

    tag: Tag
    depth: int
    since: datetime
    source: str
    by_id: int | None
    expires_at: datetime | None


ROWS = ("account_id", "tag_id", "weight", "tagged_at", "source", "by_id", "expires_at")


def tags_by_person(people: Mapping[int, Sequence[int]]) -> dict[int, list[PersonTag]]:
    """Head → what the person carries, by tag group and name; `people` as `people_of`.

    Plain rows: base tags come by the hundred a person, and a page has fifty people.
    """
    heads = {account: head for head, some in people.items() for account in some}
    rows = Tagging.objects.filter(account_id__in=list(heads), present=True)
    found: dict[tuple[int, int], list[tuple[object, ...]]] = {}
    for account, tag, *rest in rows.order_by("-tagged_at").values_list(*ROWS):
        found.setdefault((heads[account], tag), []).append(tuple(rest))
    known = Tag.objects.select_related("group").in_bulk({tag for _head, tag in found})
    order = {pk: place for place, pk in enumerate(sorted(known, key=_by_group(known)))}
    carried: dict[int, list[PersonTag]] = {head: [] for head in people}
    for head, tag in sorted(found, key=lambda each: order[each[1]]):
        carried[head].append(_carried(known[tag], found[head, tag]))
    return carried


def _by_group(known: Mapping[int, Tag]) -> Callable[[int], tuple[str, str, int]]:
    def place(pk: int) -> tuple[str, str, int]:
        group = known[pk].group
        return (group.key if group else "\U0010ffff", known[pk].name, pk)

    return place


def _carried(tag: Tag, rows: Sequence[tuple[Any, ...]]) -> PersonTag:
    depth = sum(row[0] for row in rows)
    return PersonTag(tag, depth, *rows[0][1:])


MAX_BATCHES_SEARCHED = 2_000
"""Batches among which those of one tag are looked for."""


def get_batch(community: Community, pk: int) -> TagBatch:
    batches = TagBatch.objects.select_related("by", "undone_by", "community")
    try:
        return batches.get(community=community, pk=pk)
    except TagBatch.DoesNotExist:
        raise BatchNotFound(_("There is no such batch.")) from None


def list_batches(
    by: Staff, *, before: int = 0, limit: int, exclude_sources: Sequence[str] = ()
) -> list[TagBatch]:
    """The newest below an id, without some sources; their own of who sees a part."""
    found = TagBatch.objects.filter(community=by.community, changed__gt=0)
    if by.scope is not None:
        found = found.filter(by=by)
    if before:
        found = found.filter(pk__lt=before)
    found = found.exclude(source__in=exclude_sources).select_related(
        "by", "undone_by", "community"
    )
    return list(found.order_by("-pk")[:limit])


def list_batches_of_tag(
    tag: Tag, by: Staff, *, limit: int, exclude_sources: Sequence[str] = ()
) -> list[TagBatch]:
    """Those that touched a tag, among the newest batches there are."""
    found = list_batches(
        by, limit=MAX_BATCHES_SEARCHED, exclude_sources=exclude_sources
    )
    return [batch for batch in found if tag.pk in batch.tags][:limit]

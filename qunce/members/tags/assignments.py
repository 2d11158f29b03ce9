"""Assignment of tags to members, in batches that can be undone."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import db, errors, permissions, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.members.tags import levels, library
from qunce.members.tags import models as tag_models
from qunce.members.tags import writer as tag_writer
from qunce.members.tags.models import KIND, MANUAL, Tag, TagBatch, TagChange, Tagging
from qunce.members.tags.writer import TagWriter
from qunce.sets.bitmaps import marks

"""Removes an expired tag after that failed; its key is the tag's id."""
MERGED, EXPIRED = "merge", "expiry"
AUTOMATIC_SOURCES = ("purchases", "base")
"""Sources of taggings that the system sets again after an undo."""
APPLY = permissions.declare(
    "tags.apply",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("add tags to members and remove them"),
)
MAX_BATCHES_SEARCHED = 2_000
"""Newest batches among which those of one tag are searched."""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagBatchUndone(facts.FactKind):
    kind = "tag.batch_undone"
    label = gettext_lazy("tagging undone")
    batch: int


class BatchAlreadyUndone(errors.Refused):
    """This batch has already been undone."""


class BatchNotUndoable(errors.Refused):
    """Expiries, and what a merge of members removed, cannot be undone as a batch."""


class BatchNotFound(errors.NotFound):
    """There is no such batch in this community."""


# Checks


def check_may_undo(batch: TagBatch, by: Staff) -> None:
    """Raises BatchNotFound, BatchAlreadyUndone, BatchNotUndoable or NotAllowed.

    A merge of tags needs the permission to manage them.
    """
    permissions.check_may(by, APPLY)
    if not _is_visible(batch, by):
        raise BatchNotFound(_("There is no such batch."))
    if batch.undone_at is not None:
        raise BatchAlreadyUndone(_("This batch has already been undone."))
    if batch.source == EXPIRED:
        raise BatchNotUndoable(_("An expiry cannot be undone; add the tag again."))
    if batch.source == MERGED:
        if not hasattr(batch, "merge"):
            raise BatchNotUndoable(
                _("A merge of members removed these tags. Undo that merge instead.")
            )
        permissions.check_may(by, tag_models.MANAGE)


def may_undo(batch: TagBatch, by: Staff) -> bool:
    try:
        check_may_undo(batch, by)
    except errors.QunceError:
        return False
    return True


def _check_accounts(
    tag: Tag, accounts: Iterable[int], by: Staff, at: datetime
) -> list[int]:
    """The account ids, sorted, if `by` may assign the tag to them."""
    permissions.check_may(by, APPLY)
    ids = sorted(set(accounts))
    visibility.check_visible(by=by, accounts=ids, at=at)
    return ids


# Verbs


def create_batch(
    *,
    community: Community,
    by: Staff,
    at: datetime,
    source: str = MANUAL,
    note: str = "",
) -> TagBatch:
    """Create a batch to which several verbs may add; it is undone as one."""
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
    """Give these people the tag, until `expires_at` if given.

    People who already have it keep its depth. Each 5,000 accounts are one transaction.
    """
    library.check_active(tag)
    ids = _check_accounts(tag, accounts, by, at)
    batch = batch or create_batch(
        community=tag.community, by=by, at=at, source=source, note=note
    )
    writer = TagWriter(batch, by, at, expires_at)
    for chunk in account_queries.chunks(ids):
        with transaction.atomic():
            people, weights = _lock_people(writer, tag, chunk)
            chosen = set(chunk)
            # One account per person is enough: the first that was asked for.
            new = {
                next(account for account in ids if account in chosen): 1
                for ids in people
                if not any(account in weights for account in ids)
            }
            # Those who have the tag already get the new expiry, as if they had been
            # given it again.
            writer.set_expiry(tag, list(weights))
            writer.remove_conflicting(tag, list(new))
            writer.write(tag, new)
    return batch


def _lock_people(
    writer: TagWriter, tag: Tag, accounts: Sequence[int]
) -> tuple[list[list[int]], dict[int, int]]:
    """Lock the tag; return all accounts of each person, and the depths stored for them."""
    writer.lock(tag)
    people = list(account_queries.accounts_by_person(accounts).values())
    return people, marks.find_weights(KIND, tag.pk, [a for ids in people for a in ids])


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
    """Give each account exactly this depth, 0 to remove the tag.

    A person's depth is the sum over their accounts.
    """
    library.check_active(tag)
    ids = _check_accounts(tag, depths, by, at)
    batch = batch or create_batch(
        community=tag.community, by=by, at=at, source=source, note=note
    )
    writer = TagWriter(batch, by, at, expires_at)
    for chunk in account_queries.chunks(ids):
        with transaction.atomic():
            writer.lock(tag)
            weights = {account: depths[account] for account in chunk}
            before = marks.find_weights(KIND, tag.pk, chunk)
            # The others get the expiry with their new depth.
            same = [a for a, depth in before.items() if depth == weights[a]]
            writer.set_expiry(tag, same)
            writer.remove_conflicting(tag, [a for a, depth in weights.items() if depth])
            writer.write(tag, weights)
    return batch


def change_depth(
    *,
    tag: Tag,
    change: levels.DepthChange,
    accounts: Iterable[int],
    by: Staff,
    at: datetime,
    **fields: Any,
) -> TagBatch:
    """Set the depth of these people, or add to it; `fields` are those of `set_depths`."""
    if change.is_added:
        verb_args = {"amount": change.amount, "by": by, "at": at, **fields}
        return deepen(tag=tag, accounts=accounts, **verb_args)
    # On each person's first account, because the depth is summed over all.
    people = account_queries.accounts_by_person(accounts)
    depths = {account: 0 for ids in people.values() for account in ids}
    depths |= dict.fromkeys(people, change.amount)
    return set_depths(tag=tag, depths=depths, by=by, at=at, **fields)


def deepen(
    *,
    tag: Tag,
    accounts: Iterable[int],
    by: Staff,
    at: datetime,
    amount: int = 1,
    source: str = MANUAL,
    note: str = "",
    expires_at: datetime | None = None,
    batch: TagBatch | None = None,
) -> TagBatch:
    """Add `amount` to the depth of these people; those without the tag get it.

    A person deepens once, however many of their accounts are named. Without a new expiry
    each keeps the one that they have.
    """
    if amount < 1:
        raise levels.InvalidDepth(_("A depth grows by a whole number, 1 or more."))
    library.check_active(tag)
    ids = _check_accounts(tag, accounts, by, at)
    batch = batch or create_batch(
        community=tag.community, by=by, at=at, source=source, note=note
    )
    writer = TagWriter(batch, by, at, expires_at)
    for chunk in account_queries.chunks(ids):
        with transaction.atomic():
            people, weights = _lock_people(writer, tag, chunk)
            chosen = set(chunk)
            deeper: dict[int, int] = {}
            for ids_of_person in people:
                # The account that has the tag, as the depth is summed over all.
                tagged = [a for a in ids_of_person if a in weights]
                account = (tagged or [a for a in ids_of_person if a in chosen])[0]
                deeper[account] = weights.get(account, 0) + amount
            writer.remove_conflicting(tag, [a for a in deeper if a not in weights])
            for ends, depths in _group_by_expiry(tag, deeper, expires_at):
                dataclasses.replace(writer, expires_at=ends).write(tag, depths)
    return batch


def _group_by_expiry(
    tag: Tag, depths: Mapping[int, int], expires_at: datetime | None
) -> list[tuple[datetime | None, dict[int, int]]]:
    """The depths by the expiry that the taggings get: a new one, or the one they have."""
    if expires_at is not None:
        return [(expires_at, dict(depths))]
    rows = Tagging.objects.filter(tag=tag, account_id__in=depths, present=True)
    ends = dict(rows.values_list("account_id", "expires_at"))
    groups: dict[datetime | None, dict[int, int]] = {}
    for account, depth in depths.items():
        groups.setdefault(ends.get(account), {})[account] = depth
    return list(groups.items())


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
    """Remove the tag from all accounts of these people. Archived tags may be removed."""
    ids = _check_accounts(tag, accounts, by, at)
    batch = batch or create_batch(
        community=tag.community, by=by, at=at, source=source, note=note
    )
    writer = TagWriter(batch, by, at)
    for chunk in account_queries.chunks(ids):
        with transaction.atomic():
            # From all accounts, as one that keeps the tag would keep the person in the
            # set.
            people = account_queries.accounts_by_person(chunk).values()
            writer.write(tag, {account: 0 for ids in people for account in ids})
    return batch


@transaction.atomic
def undo(*, batch: TagBatch, by: Staff, at: datetime) -> int:
    """Restore the taggings as they were before the batch, except those changed since.

    The undo of a merge makes the merged tag a tag of its own again. Returns how many
    taggings were restored.
    """
    check_may_undo(batch, by)
    if batch.source == MERGED:
        library.unmark_merged(merge=batch.merge, by=by, at=at)
    return revert(batch=batch, by=by, at=at)


@transaction.atomic
def revert(*, batch: TagBatch, by: Staff, at: datetime) -> int:
    """Like `undo`, without the permission check and for batches of merges too."""
    active = TagBatch.objects.filter(pk=batch.pk, undone_at__isnull=True)
    if not active.update(undone_at=at, undone_by=by):
        raise BatchAlreadyUndone(_("This batch has already been undone."))
    # Its tags and counts may have been written by another process since it was read.
    batch.refresh_from_db()
    rows = Tag.objects.filter(pk__in=batch.tags).select_related("group", "community")
    tags = list(rows.order_by("pk"))
    tag_writer.lock_groups({tag.group_id for tag in tags if tag.group_id})
    # First remove, so that a removed tag of an exclusive group can come back.
    restored = sum(
        _remove_added(tag, _weights_before(tag, batch), by, at) for tag in tags
    )
    restored += sum(_restore_removed(tag, batch, by, at) for tag in tags)
    fact = TagBatchUndone(batch=batch.pk)
    facts.record(fact, community=batch.community, by=by, at=at)
    return restored


def list_added(batch: TagBatch) -> list[int]:
    """Return the accounts that got a tag by this batch and nothing since, in order."""
    rows = Tagging.objects.filter(batch_id=batch.pk, present=True, tag__in=batch.tags)
    return sorted(set(rows.values_list("account_id", flat=True)))


@transaction.atomic
def revert_added(
    *, batch: TagBatch, accounts: Collection[int], by: Staff, at: datetime
) -> int:
    """Remove what a batch added to some accounts, as a part of its `revert`.

    A large batch is so taken back in several transactions, of which `revert` is the last:
    only when everything is removed can a tag of an exclusive group come back.
    """
    active = TagBatch.objects.select_for_update().filter(undone_at__isnull=True)
    if not active.filter(pk=batch.pk).exists():
        return 0
    rows = Tag.objects.filter(pk__in=batch.tags).select_related("group", "community")
    removed = 0
    for tag in rows.order_by("pk"):
        before = _weights_before(tag, batch, accounts)
        removed += _remove_added(tag, before, by, at)
        added = [account for account, weight in before.items() if not weight]
        # They leave the batch, so that its `revert` does not read them again.
        own = Tagging.objects.filter(tag=tag, batch_id=batch.pk, account_id__in=added)
        own.update(batch_id=None)
    return removed


def _remove_added(tag: Tag, before: Mapping[int, int], by: Staff, at: datetime) -> int:
    added = {account: 0 for account, weight in before.items() if not weight}
    return tag_writer.restore_weights(tag, added, by, at)


RESTORE_TAGGINGS = """
UPDATE members_tagging SET tagged_at = c.tagged_at, since = c.since,
    by_id = c.by_id, source = c.source, expires_at = c.expires_at, batch_id = c.previous_batch_id
FROM members_tagchange c
WHERE c.batch_id = %s AND c.tag_id = members_tagging.tag_id
    AND c.account_id = members_tagging.account_id
    AND members_tagging.tag_id = %s AND members_tagging.batch_id = %s
"""


def _weights_before(
    tag: Tag, batch: TagBatch, accounts: Collection[int] | None = None
) -> dict[int, int]:
    """Account → weight before the batch, of the taggings unchanged since.

    Those of some accounts only, if these are given.
    """
    rows = Tagging.objects.filter(tag=tag, batch_id=batch.pk).order_by("account_id")
    changes = TagChange.objects.filter(batch_id=batch.pk, tag_id=tag.pk)
    if accounts is not None:
        rows = rows.filter(account_id__in=accounts)
        changes = changes.filter(account_id__in=accounts)
    weights = dict.fromkeys(rows.values_list("account_id", flat=True), 0)
    return weights | {
        account: weight
        for account, weight in changes.values_list("account_id", "weight")
        if account in weights
    }


def _restore_removed(tag: Tag, batch: TagBatch, by: Staff, at: datetime) -> int:
    """Restore weights that the batch changed; returns how many.

    People who have another tag of the exclusive group by now keep that one.
    """
    before = _weights_before(tag, batch)
    weights = {account: weight for account, weight in before.items() if weight}
    conflicting = tag_writer.find_conflicting(tag, weights).values()
    people = account_queries.accounts_by_person(a for ids in conflicting for a in ids)
    blocked = {account for ids in people.values() for account in ids}
    free = {a: weight for a, weight in weights.items() if a not in blocked}
    changed = tag_writer.restore_weights(tag, free, by, at)
    rows = Tagging.objects.filter(tag=tag, batch_id=batch.pk)
    # Blocked taggings stay as they are now, but leave the batch, which is undone.
    for chunk in account_queries.chunks(sorted(blocked & set(weights))):
        rows.filter(account_id__in=chunk).update(batch_id=None)
    # The weights are back; this restores time, author, source and expiry.
    db.execute(RESTORE_TAGGINGS, [batch.pk, tag.pk, batch.pk])
    rows.update(batch_id=None)
    return changed


# Reads


def get_batch(*, by: Staff, pk: int) -> TagBatch:
    """A batch that `by` sees; raises BatchNotFound."""
    rows = TagBatch.objects.select_related("by", "undone_by", "community")
    for batch in rows.filter(community=by.community, pk=pk):
        if _is_visible(batch, by):
            return batch
    raise BatchNotFound(_("There is no such batch."))


def _is_visible(batch: TagBatch, by: Staff) -> bool:
    """Staff with a scope see what they did since they have it.

    An undo of older batches could bring members into their scope.
    """
    if by.scope is None or by.community_id != batch.community_id:
        return by.community_id == batch.community_id
    since = by.scope_changed_at
    return batch.by_id == by.pk and (since is None or batch.at >= since)


def list_batches(
    by: Staff, *, before: int = 0, limit: int, exclude_sources: Sequence[str] = ()
) -> list[TagBatch]:
    """The newest batches, as far as `by` sees them, older than the one of id `before`."""
    batches = TagBatch.objects.filter(community=by.community)
    # A merge can be undone even if no member had the tag.
    batches = batches.exclude(changed=0, merge=None)
    if by.scope is not None:
        batches = batches.filter(by=by)
        if by.scope_changed_at is not None:
            since = timestamps.to_micros(by.scope_changed_at)
            batches = batches.filter(at__gte=since)
    if before:
        last = TagBatch.objects.filter(community=by.community, pk=before).first()
        at = timestamps.to_micros(last.at) if last else 0
        batches = batches.filter(Q(at__lt=at) | Q(at=at, pk__lt=before))
    batches = batches.exclude(source__in=exclude_sources)
    batches = batches.select_related("by", "undone_by", "community", "merge")
    return list(batches.order_by("-at", "-pk")[:limit])


def list_batches_of_tag(
    tag: Tag, by: Staff, *, limit: int, exclude_sources: Sequence[str] = ()
) -> list[TagBatch]:
    """The newest batches that changed a tag, among the newest of the community."""
    batches = list_batches(
        by, limit=MAX_BATCHES_SEARCHED, exclude_sources=exclude_sources
    )
    return [batch for batch in batches if _concerns(batch, tag)][:limit]


def _concerns(batch: TagBatch, tag: Tag) -> bool:
    merge = getattr(batch, "merge", None)
    merged = (merge.tag_id, merge.into_id) if merge else ()
    return tag.pk in batch.tags or tag.pk in merged

"""Watched segments: a fact for each member who enters or leaves.

The accounts inside are stored. Each check compares them with the members who match now,
by bitmaps, and only if something has changed that the rule depends on. The facts of a
check and the stored accounts are written in the same transactions.
"""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.jobs import job_queue
from qunce.core.staff.models import Staff
from qunce.members.segments import segments
from qunce.members.segments.segments import MANAGE, Segment, SegmentSize
from qunce.sets import set_changes
from qunce.sets.bitmaps import bitmaps, cache
from qunce.sets.rules import tree
from qunce.sets.rules.base import RulePath

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.sets.set_changes import SetChange

log = logging.getLogger(__name__)
JOB = "segments.check_watch"
"""Checks a segment whose check failed; its key is the watch's id."""
COMPARE_JOB = "segments.compare_watch"
MAX_WATCHES = 50
"""Of one community, so that all of them are checked within a minute."""
FACTS_PER_TRANSACTION = 5_000
"""So that other writers wait milliseconds when a hundred thousand members move."""
MAX_COMPARISONS = 3
"""A comparison starts again if something changes during it."""
UNITS_PER_MILLISECOND = 3
"""Of `Clause.cost`."""


@personal_texts.erased_in("definition", community="segment__community_id")
class SegmentWatch(models.Model):
    """`blob` are the accounts inside, and `base` those inside at `base_at`.

    `base_at` is when the watch began, or when the rule was changed last. From then on the
    facts lead from one to the other. `definition` is the rule that the accounts are of,
    with the rules of the segments it refers to in their place. `revision` counts changes.
    """

    segment = models.OneToOneField(Segment, models.CASCADE, related_name="watch")
    started_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    definition: models.JSONField[Any, Any] = models.JSONField()
    blob = models.BinaryField()
    size = models.PositiveIntegerField()
    base = models.BinaryField()
    base_at = timestamps.TimestampField()
    revision = models.PositiveIntegerField(default=0)
    compared_day = models.IntegerField(null=True)
    drifted_at = timestamps.TimestampField(null=True)
    drift = models.PositiveIntegerField(default=0)
    """How many members the last comparison that found any had to correct."""

    def __str__(self) -> str:
        return f"watch of {self.segment_id}"

    @property
    def community(self) -> Community:
        return self.segment.community


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SegmentWatchStarted(facts.FactKind):
    kind = "segment.watch_started"
    label = gettext_lazy("watch of a segment started")
    segment: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SegmentWatchStopped(facts.FactKind):
    kind = "segment.watch_stopped"
    label = gettext_lazy("watch of a segment stopped")
    segment: str


class _Overtaken(Exception):
    """Another process has changed the watch, and records what it finds."""


# Checks


def check_watchable(segment: Segment) -> None:
    """Raises WatchRefused with the reason if the segment cannot be watched."""
    if segment.state != "active":
        raise segments.WatchRefused(_("This segment is archived. Restore it first."))
    watched = SegmentWatch.objects.filter(segment__community=segment.community)
    if watched.exclude(segment=segment).count() >= MAX_WATCHES:
        raise segments.WatchRefused(
            _("At most %(n)s segments can be watched. Stop watching another one first.")
            % {"n": MAX_WATCHES}
        )
    segments.check_watchable_rule(segments.unfold(segment.community, segment.rule))


def may_watch(segment: Segment) -> bool:
    try:
        check_watchable(segment)
    except segments.WatchRefused:
        return False
    return True


# Verbs


def start(*, segment: Segment, by: Staff, at: datetime) -> SegmentWatch:
    """Watch a segment from now on; whoever is in it now has entered unrecorded.

    Nothing happens to a segment that is watched already.
    """
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, segment.community_id)
    check_watchable(segment)
    community = segment.community
    definition = segments.unfold(community, segment.rule)
    # Outside the transaction: a rule may take long, and SQLite has one writer.
    people = set_changes.members(community=community, rule=definition, at=at)
    blob = bitmaps.to_bytes(people)
    with transaction.atomic():
        watch, is_new = SegmentWatch.objects.get_or_create(
            segment=segment,
            defaults={
                "started_at": at,
                "by": by,
                "definition": definition,
                "blob": blob,
                "size": len(people),
                "base": blob,
                "base_at": at,
            },
        )
        if is_new:
            fact = SegmentWatchStarted(segment=segment.key)
            facts.record(fact, community=community, by=by, at=at)
    return watch


@transaction.atomic
def stop(*, segment: Segment, by: Staff, at: datetime) -> None:
    """Stop watching; the facts stay. Nothing happens to a segment that is not watched."""
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, segment.community_id)
    deleted, _rows = SegmentWatch.objects.filter(segment=segment).delete()
    if deleted:
        fact = SegmentWatchStopped(segment=segment.key)
        facts.record(fact, community=segment.community, by=by, at=at)


def check_all(*, at: datetime) -> None:
    """Record who has entered or left each watched segment.

    Once a community day, each is compared with its rule from scratch instead.
    """
    for watch in list_active():
        if watch.compared_day == watch.community.day(at):
            _run_item(watch, JOB, check_due, at)
        else:
            _run_item(watch, COMPARE_JOB, compare_due, at)


def _run_item(
    watch: SegmentWatch, job: str, run: Callable[..., None], at: datetime
) -> None:
    key = str(watch.pk)
    check = functools.partial(run, key, at=at)
    job_queue.run_item(check, job=job, key=key, community=watch.community, at=at)


def check_due(key: str, *, at: datetime) -> None:
    """Check one watch; `key` is the queued job's."""
    for watch in list_active().filter(pk=int(key)):
        with contextlib.suppress(_Overtaken):
            check(watch, at=at)


def compare_due(key: str, *, at: datetime) -> None:
    """Compare one watch from scratch; `key` is the queued job's."""
    for watch in list_active().filter(pk=int(key)):
        with contextlib.suppress(_Overtaken):
            compare(watch, at=at)


_known: dict[int, tuple[int, Hashable]] = {}
"""Watch → its revision and the version of its set at the last check of this process."""


def forget() -> None:
    """Evaluate every segment at its next check, as a new process does."""
    _known.clear()


def check(watch: SegmentWatch, *, at: datetime) -> int:
    """Record who has entered and left since the last check; returns how many.

    If the rule was changed, those who moved by the old one are recorded first. For
    members who are elsewhere because it was changed, nothing is recorded.
    """
    definition = segments.unfold(watch.community, watch.segment.rule)
    if definition == watch.definition:
        return _check_moves(watch, at)
    segments.check_watchable_rule(definition)
    try:
        moved = _check_moves(watch, at)
    except errors.QunceError as error:
        # Such as a rule whose tag is gone: then nobody moved by it.
        log.info("old rule of watch %s was not asked: %s", watch.pk, error)
        moved = 0
    people = set_changes.members(community=watch.community, rule=definition, at=at)
    blob = bitmaps.to_bytes(people)
    _update(
        watch, definition=definition, blob=blob, size=len(people), base=blob, base_at=at
    )
    return moved


def _check_moves(watch: SegmentWatch, at: datetime) -> int:
    revision, version = _known.get(watch.pk, (-1, None))
    change = set_changes.find(
        community=watch.community,
        rule=watch.definition,
        inside=bitmaps.from_bytes(watch.blob),
        at=at,
        # Another process may have checked it since.
        known=version if revision == watch.revision else None,
    )
    if change is None:
        return 0
    moved = _record(watch, change, at)
    _known[watch.pk] = (watch.revision, change.version)
    return moved


def _record(watch: SegmentWatch, change: SetChange, at: datetime) -> int:
    """Record a change in short transactions, each with what it adds to the stored set."""
    key, community = watch.segment.key, watch.community
    for entered, left in _chunks(change):
        inside = (bitmaps.from_bytes(watch.blob) | entered) - left
        with transaction.atomic():
            _update(watch, blob=bitmaps.to_bytes(inside), size=len(inside))
            _count(watch, at, len(entered), len(left))
            for fact, accounts in (
                (segments.SegmentEntered(segment=key), entered),
                (segments.SegmentLeft(segment=key), left),
            ):
                # By nobody: the audit log is about staff.
                facts.record_for_accounts(
                    fact, accounts, community=community, by=None, at=at
                )
    return len(change.entered) + len(change.left)


def _chunks(change: SetChange) -> Iterator[tuple[BitMap, BitMap]]:
    for people, has_entered in ((change.entered, True), (change.left, False)):
        for start_ in range(0, len(people), FACTS_PER_TRANSACTION):
            part = people[start_ : start_ + FACTS_PER_TRANSACTION]
            yield (part, bitmaps.EMPTY) if has_entered else (bitmaps.EMPTY, part)


def _update(watch: SegmentWatch, **fields: Any) -> None:
    rows = SegmentWatch.objects.filter(pk=watch.pk, revision=watch.revision)
    if not rows.update(revision=F("revision") + 1, **fields):
        raise _Overtaken
    watch.revision += 1
    for name, value in fields.items():
        setattr(watch, name, value)


def _count(watch: SegmentWatch, at: datetime, entered: int, left: int) -> None:
    day = watch.community.day(at)
    row, _is_new = SegmentSize.objects.get_or_create(
        segment=watch.segment, day=day, defaults={"size": watch.size}
    )
    SegmentSize.objects.filter(pk=row.pk).update(
        entered=F("entered") + entered, left=F("left") + left
    )


def compare(watch: SegmentWatch, *, at: datetime) -> int:
    """Compare the stored set with one from scratch; returns how many members differed.

    They are corrected and reported to staff, as the cache or the derived data was wrong.
    """
    day = watch.community.day(at)
    for _attempt in range(MAX_COMPARISONS):
        check(watch, at=at)
        change = set_changes.find(
            community=watch.community,
            rule=watch.definition,
            inside=bitmaps.from_bytes(watch.blob),
            at=at,
            fresh=True,
        )
        if change is not None and _known.get(watch.pk) == (
            watch.revision,
            change.version,
        ):
            break
    else:
        # Busy: the next minute tries again.
        return 0
    if not change:
        _update(watch, compared_day=day)
        _known[watch.pk] = (watch.revision, change.version)
        return 0
    drift = len(change.entered) + len(change.left)
    log.error("segment %s had %d wrong members", watch.segment_id, drift)
    # What is cached cannot be trusted any more.
    cache.CACHE.clear()
    _record(watch, change, at)
    _update(watch, compared_day=day, drifted_at=at, drift=drift)
    return drift


def erase_people(people: Iterable[int]) -> None:
    """Remove erased people from the stored sets, without facts."""
    erased = bitmaps.of(people)
    for watch in SegmentWatch.objects.select_related("segment__community"):
        inside, base_ = (bitmaps.from_bytes(b) for b in (watch.blob, watch.base))
        if inside & erased or base_ & erased:
            rest = inside - erased
            _update(
                watch,
                blob=bitmaps.to_bytes(rest),
                size=len(rest),
                base=bitmaps.to_bytes(base_ - erased),
            )


# Reads


def list_active(community: Community | None = None) -> models.QuerySet[SegmentWatch]:
    watches = SegmentWatch.objects.filter(segment__state="active").order_by("pk")
    if community is not None:
        watches = watches.filter(segment__community=community)
    return watches.select_related("segment__community")


def find(segment: Segment) -> SegmentWatch | None:
    watches = SegmentWatch.objects.select_related("segment__community", "by")
    return watches.filter(segment=segment).first()


def name_of(key: str) -> str:
    """The name of the segment of a queued job."""
    rows = SegmentWatch.objects.filter(pk=int(key))
    return rows.values_list("segment__name", flat=True).first() or ""


def estimate_milliseconds(segment: Segment) -> int:
    """What one check of the segment costs, about, in a community of a million members."""
    path = RulePath(segment.community)
    tree.compile_node(segment.rule, path)
    return max(1, round(path.budget.cost / UNITS_PER_MILLISECOND))

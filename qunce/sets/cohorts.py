"""Cohorts: people by the period in which they started, and in which periods they returned.

Everything is computed from bitmaps of community days. No fact is scanned: the people of a
period are the union of its days, and a number of the table is the size of an intersection.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pyroaring import BitMap

from qunce.core import community_days, db
from qunce.core.facts import facts
from qunce.sets import derived_models
from qunce.sets.bitmaps import bitmaps
from qunce.sets.bitmaps.bit_counters import BitCounter
from qunce.sets.rules import snapshots

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from qunce.core.communities import Community
    from qunce.sets.rules.snapshots import Snapshot

    Ints = NDArray[np.int64]

Span = tuple[int, int]
"""The first and the last community day of a period, both included."""
BEFORE_ALL_DAYS = -(10**6)
JOINED, FIRST, EACH = "joined", "first", "each"
"""How people start: when they join, with their first fact of some kinds, or with each."""


@dataclass(frozen=True)
class Start:
    """What puts people into a cohort. `kinds` are those of the facts, if it is one."""

    how: str
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Return:
    """What counts as a return: a fact of one of the kinds, or, without kinds, still being
    in the community at the end of the period.
    """

    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class CohortTable:
    """`sizes` has the people of each cohort, `returned[i][k]` those of cohort i who
    returned k periods after it. `returned[i][0]` is the size of the cohort.
    """

    sizes: tuple[int, ...]
    returned: tuple[tuple[int, ...], ...]


def count(
    *,
    community: Community,
    start: Start,
    returning: Return,
    periods: Sequence[Span],
    rolling: int,
    at: datetime,
    among: BitMap | None = None,
) -> CohortTable:
    """The cohorts that started in `periods`, of all members or of `among`.

    Period k of a cohort is the k-th one after its own; if `rolling` is a number of days,
    each person's periods have this length and begin on the day of their own start.
    Former members are counted, staff accounts are not.
    """
    spans = tuple(periods)

    def read(snap: Snapshot) -> CohortTable:
        snap.load_revisions(())
        if among is not None:
            return _count(
                snap, start, returning, spans, rolling, among - snap.uncounted
            )
        version = (
            _version_of_start(snap, start),
            _version_of_return(snap, returning, (spans[0][0], snap.today)),
            snap.today,
        )
        everyone = snap.everyone(with_left=True)
        name = ("cohorts", start, returning, spans, rolling)
        return snap.memoize(
            name,
            version,
            lambda: _count(snap, start, returning, spans, rolling, everyone),
        )

    return snapshots.run(community, at, read)


def count_parts(
    *,
    community: Community,
    start: Start,
    returning: Return,
    periods: Sequence[Span],
    rolling: int,
    at: datetime,
    parts: Sequence[BitMap],
) -> list[CohortTable]:
    """The same for each of several sets of people, in one snapshot."""
    spans = tuple(periods)

    def read(snap: Snapshot) -> list[CohortTable]:
        snap.load_revisions(())
        return [
            _count(snap, start, returning, spans, rolling, part - snap.uncounted)
            for part in parts
        ]

    return snapshots.run(community, at, read)


def people(
    *,
    community: Community,
    start: Start,
    returning: Return,
    periods: Sequence[Span],
    rolling: int,
    cohort: int,
    period: int,
    at: datetime,
) -> BitMap:
    """The people behind one number of the table: cohort `cohort`, `period` after it."""

    def read(snap: Snapshot) -> BitMap:
        snap.load_revisions(())
        everyone = snap.everyone(with_left=True)
        spans = tuple(periods)
        if period == 0 or not rolling:
            started = _cohort_sets(snap, start, spans)[cohort] & everyone
            if period == 0:
                return started
            return started & _returned(snap, returning, spans[cohort + period])
        found = BitMap()
        for day, started in _starts_by_day(snap, start, spans[cohort]):
            first = day + rolling * period
            if first <= snap.today:
                found |= started & _returned(
                    snap, returning, (first, first + rolling - 1)
                )
        return found & everyone

    return snapshots.run(community, at, read)


def _count(
    snap: Snapshot,
    start: Start,
    returning: Return,
    spans: tuple[Span, ...],
    rolling: int,
    among: BitMap,
) -> CohortTable:
    cohorts = [people & among for people in _cohort_sets(snap, start, spans)]
    sizes = tuple(map(len, cohorts))
    if rolling:
        return CohortTable(
            sizes, _count_rolling(snap, start, returning, spans, rolling, among)
        )
    if returning.kinds:
        days = (spans[0][0], min(spans[-1][1], snap.today))
        changed = _changed_days(snap, returning.kinds, days)
        returned = [_active(snap, returning.kinds, span, changed) for span in spans]
    else:
        returned = [_returned(snap, returning, span) for span in spans]
    return CohortTable(
        sizes,
        tuple(
            (
                len(cohort),
                *(
                    cohort.intersection_cardinality(later)
                    for later in returned[i + 1 :]
                ),
            )
            for i, cohort in enumerate(cohorts)
        ),
    )


def _count_rolling(
    snap: Snapshot,
    start: Start,
    returning: Return,
    spans: tuple[Span, ...],
    rolling: int,
    among: BitMap,
) -> tuple[tuple[int, ...], ...]:
    """Each day's starters against the windows that are theirs, added up by cohort."""
    # Many starters share a window, such as the second week of the fourteenth and the
    # first one of the twenty-first.
    windows: dict[int, BitMap] = {}
    find = _window_finder(snap, returning, spans[0][0], rolling)
    rows = []
    for index, span in enumerate(spans):
        row = [0] * (len(spans) - index)
        for day, people in _starts_by_day(snap, start, span):
            started = people & among
            row[0] += len(started)
            for period in range(1, len(row)):
                first = day + rolling * period
                if first > snap.today or not started:
                    break
                if first not in windows:
                    windows[first] = find(first)
                row[period] += started.intersection_cardinality(windows[first])
        rows.append(tuple(row))
    return tuple(rows)


# Who started


def _cohort_sets(
    snap: Snapshot, start: Start, spans: tuple[Span, ...]
) -> tuple[BitMap, ...]:
    if start.how == EACH:
        return tuple(_active(snap, start.kinds, span) for span in spans)

    def split() -> tuple[BitMap, ...]:
        return tuple(people for _span, people in _split(snap, start, spans))

    version = _version_of_start(snap, start)
    return snap.memoize(("cohort sets", start, spans), version, split)


def _starts_by_day(
    snap: Snapshot, start: Start, span: Span
) -> list[tuple[int, BitMap]]:
    """Each day of a period with the people who start on it; nobody starts twice in it."""
    if start.how != EACH:
        days = [(day, day) for day in range(span[0], span[1] + 1)]
        return [(day, people) for (day, _), people in _split(snap, start, days)]
    found, seen = [], BitMap()
    for day, people in _sets_by_day(snap, start.kinds, span):
        found.append((day, people - seen))
        seen |= people
    return found


def _split(
    snap: Snapshot, start: Start, spans: Sequence[Span]
) -> list[tuple[Span, BitMap]]:
    """The people who started in each of some spans, which follow each other."""
    people, when = _start_times(snap, start)
    edges = [spans[0][0], *(last + 1 for _first, last in spans)]
    if start.how == JOINED:
        edges = [community_days.start_of(*_clock(snap), day) for day in edges]
    inside = (when >= edges[0]) & (when < edges[-1])
    people, when = people[inside], when[inside]
    index = np.searchsorted(edges, when, side="right") - 1
    return [(span, bitmaps.of(people[index == i])) for i, span in enumerate(spans)]


def _start_times(snap: Snapshot, start: Start) -> tuple[Ints, Ints]:
    """Everyone who ever started, and when: a microsecond if they joined, else a day."""

    def read() -> tuple[Ints, Ints]:
        if start.how == JOINED:
            return first_joined(snap)
        return _days_of_first_fact(snap, start.kinds)

    return snap.memoize(("start times", start), _version_of_start(snap, start), read)


def first_joined(snap: Snapshot) -> tuple[Ints, Ints]:
    """People, and the microsecond at which the first of their accounts joined."""
    table = snap.account_table
    accounts, joined = table.accounts, table.joined
    aliased = bitmaps.array_of(snap.aliases.aliased).astype(np.int64)
    if not len(aliased) or not len(accounts):
        return accounts, joined
    # Only merged people have more than one row, so the others need no sorting.
    involved = np.union1d(aliased, snap.aliases.map_array(aliased))
    index = np.minimum(np.searchsorted(accounts, involved), len(accounts) - 1)
    merged = np.zeros(len(accounts), dtype=bool)
    merged[index[accounts[index] == involved]] = True
    people = np.asarray(snap.aliases.map_array(accounts[merged]), dtype=np.int64)
    order = np.lexsort((joined[merged], people))
    people, times = people[order], joined[merged][order]
    is_first = np.ones(len(people), dtype=bool)
    is_first[1:] = people[1:] != people[:-1]
    return (
        np.concatenate([accounts[~merged], people[is_first]]),
        np.concatenate([joined[~merged], times[is_first]]),
    )


def _days_of_first_fact(snap: Snapshot, kinds: tuple[str, ...]) -> tuple[Ints, Ints]:
    people: list[NDArray[np.uint32]] = []
    days: list[Ints] = []
    seen = BitMap()
    for day, active in _sets_by_day(snap, kinds, (BEFORE_ALL_DAYS, snap.today)):
        new = active - seen
        if new:
            seen |= new
            people.append(bitmaps.array_of(new))
            days.append(np.full(len(new), day, dtype=np.int64))
    if not people:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    return np.concatenate(people).astype(np.int64), np.concatenate(days)


# Who returned


def _returned(snap: Snapshot, returning: Return, span: Span) -> BitMap:
    if returning.kinds:
        return _active(snap, returning.kinds, span)
    version = (_version_of_people(snap), _clock(snap))
    return snap.memoize(
        ("still here", span[1]), version, lambda: _still_here(snap, span[1])
    )


def _window_finder(
    snap: Snapshot, returning: Return, first: int, length: int
) -> Callable[[int], BitMap]:
    """A function that returns who came back in the window that begins on a day."""
    if not returning.kinds:
        return lambda day: _returned(snap, returning, (day, day + length - 1))
    # Windows overlap, so that each day is read once and united several times.
    by_day = dict(_sets_by_day(snap, returning.kinds, (first, snap.today)))
    return lambda day: bitmaps.union(
        by_day[each] for each in range(day, day + length) if each in by_day
    )


def _active(
    snap: Snapshot,
    kinds: tuple[str, ...],
    span: Span,
    changed: Changed | None = None,
) -> BitMap:
    """People with a fact of the kinds in the period; kept until one of its days changes.

    `changed` has the days of at least this period, if the caller has read them.
    """
    # Facts may be dated ahead, as clocks of other machines differ; no number has them yet.
    first, last = span[0], min(span[1], snap.today)
    if changed is None:
        changed = _changed_days(snap, kinds, (first, last))
    days = tuple(
        (kind, day, days[day])
        for kind, days in changed.items()
        for day in range(first, last + 1)
        if day in days
    )
    version = (snap.token(), days, _version_of_people(snap), _clock(snap))
    return snap.memoize(
        ("active", kinds, span), version, lambda: _unite(snap, kinds, first, last)
    )


def _unite(snap: Snapshot, kinds: tuple[str, ...], first: int, last: int) -> BitMap:
    """The people with any of these facts, straight from the stored counts of the days."""
    # One query for the period and one union of all slices: as counters of days in the
    # cache they would take a hundred times the memory of the set.
    ids = _ids(kinds)
    if not ids:
        return BitMap()
    snap.token()
    rows = db.rows(
        "SELECT blob FROM sets_day_count WHERE community_id = %s"  # noqa: S608 - placeholders only
        f" AND kind_id IN ({db.placeholders(len(ids))}) AND day BETWEEN %s AND %s",
        [snap.community.pk, *ids, first, last],
        using=derived_models.db_alias(),
    )
    slices = [part for (blob,) in rows for part in BitCounter.from_bytes(blob).slices]
    return snap.people(bitmaps.union(slices))


Changed = dict[int, dict[int, int]]
"""Kind → each of its days with facts → the position of the day's last change."""


def _changed_days(snap: Snapshot, kinds: tuple[str, ...], span: Span) -> Changed:
    return {kind: snap.changed_days(kind, *span) for kind in _ids(kinds)}


def _sets_by_day(
    snap: Snapshot, kinds: tuple[str, ...], span: Span
) -> list[tuple[int, BitMap]]:
    sets: dict[int, list[BitMap]] = {}
    for kind in _ids(kinds):
        days = snap.changed_days(kind, span[0], min(span[1], snap.today))
        for day, counter in snap.day_counters(kind, days):
            sets.setdefault(day, []).append(counter.nonzero())
    return [
        (day, snap.people(bitmaps.union(accounts)))
        for day, accounts in sorted(sets.items())
    ]


def _still_here(snap: Snapshot, day: int) -> BitMap:
    """People who had not left for good by the end of a day."""
    end = community_days.start_of(*_clock(snap), day + 1)
    table = snap.account_table
    here = bitmaps.of(table.accounts[table.left >= end])
    # A person stays as long as one of their accounts does.
    return snap.people(here)


# Versions


def _version_of_start(snap: Snapshot, start: Start) -> Hashable:
    if start.how == JOINED:
        return (_version_of_people(snap), _clock(snap))
    return _version_of_facts(snap, start.kinds, (BEFORE_ALL_DAYS, snap.today))


def _version_of_return(snap: Snapshot, returning: Return, span: Span) -> Hashable:
    if returning.kinds:
        return _version_of_facts(snap, returning.kinds, span)
    return (_version_of_people(snap), _clock(snap))


def _version_of_facts(snap: Snapshot, kinds: tuple[str, ...], span: Span) -> Hashable:
    changed = tuple(
        tuple(snap.changed_days(kind, *span).items()) for kind in _ids(kinds)
    )
    return (snap.token(), changed, _version_of_people(snap), _clock(snap))


def _version_of_people(snap: Snapshot) -> Hashable:
    keys = sorted(snapshots.STANDARD_KEYS)
    return (*(snap.revisions[key] for key in keys), snap.population)


def _clock(snap: Snapshot) -> tuple[str, int]:
    return snap.community.timezone, snap.community.day_start


def _ids(kinds: Iterable[str]) -> list[int]:
    found = (facts.find_kind(kind) for kind in kinds)
    return [kind for kind in found if kind is not None]

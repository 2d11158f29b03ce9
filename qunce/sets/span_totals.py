"""Numbers of a span of days that its days do not add up to: people, counted once.

They come from the day counts, without a scan of the facts. With `among`, only these
people count; staff accounts never do, and former members did what they did.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from qunce.core.facts import facts
from qunce.sets.bitmaps import bitmaps
from qunce.sets.bitmaps.bit_counters import BitCounter, sum_all
from qunce.sets.rules import snapshots

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.sets.rules.snapshots import Snapshot

EARLIEST_DAY = -(10**6)
TENTH = 10


def find_people(
    *,
    community: Community,
    kinds: Iterable[str],
    first: int,
    last: int,
    at: datetime,
    among: BitMap | None = None,
) -> BitMap:
    """The people with a fact of these kinds from community day `first` to `last`."""
    kind_ids = _kind_ids(kinds)

    def find(snap: Snapshot) -> BitMap:
        snap.load_revisions(())
        by_day = _accounts_by_day(snap, kind_ids, first, last)
        return snap.people(bitmaps.union(by_day.values())) & _counted(snap, among)

    return snapshots.run(community, at, find)


def count_people_by_window(
    *,
    community: Community,
    kinds: Iterable[str],
    width: int,
    first: int,
    last: int,
    at: datetime,
    among: BitMap | None = None,
) -> list[int]:
    """How many people have a fact of these kinds on the `width` days up to each day."""
    kind_ids = _kind_ids(kinds)

    def count(snap: Snapshot) -> list[int]:
        snap.load_revisions(())
        counted = _counted(snap, among)
        by_day = _accounts_by_day(snap, kind_ids, first - width + 1, last)
        days = [snap.people(accounts) & counted for accounts in by_day.values()]
        # Each window is the end of one block and the start of the next: three unions a
        # day, whatever its width.
        starts, ends = list(days), list(days)
        for index in range(1, len(days)):
            if index % width:
                starts[index] = starts[index - 1] | days[index]
        for index in range(len(days) - 2, -1, -1):
            if (index + 1) % width:
                ends[index] = ends[index + 1] | days[index]
        return [
            len(ends[index - width + 1] | starts[index])
            for index in range(width - 1, len(days))
        ]

    return snapshots.run(community, at, count)


def count_new_people_by_day(
    *,
    community: Community,
    kinds: Iterable[str],
    first: int,
    last: int,
    at: datetime,
    among: BitMap | None = None,
) -> list[int]:
    """How many people have their first fact of these kinds ever on each day."""
    kind_ids = _kind_ids(kinds)

    def count(snap: Snapshot) -> list[int]:
        snap.load_revisions(())
        counted = _counted(snap, among)
        # The sum of all days but the newest is cached, see `sum_days`.
        known = snap.people(_sum(snap, kind_ids, EARLIEST_DAY, first - 1).nonzero())
        numbers = []
        for accounts in _accounts_by_day(snap, kind_ids, first, last).values():
            new = snap.people(accounts) - known
            numbers.append(new.intersection_cardinality(counted))
            known = known | new
        return numbers

    return snapshots.run(community, at, count)


def count_people_with_several(
    *,
    community: Community,
    kinds: Iterable[str],
    times: int,
    first: int,
    last: int,
    at: datetime,
    among: BitMap | None = None,
) -> int:
    """How many people have at least `times` facts of these kinds in the span."""
    kind_ids = _kind_ids(kinds)

    def count(snap: Snapshot) -> int:
        snap.load_revisions(())
        sums = snap.by_person(_sum(snap, kind_ids, first, last))
        return sums.at_least(times).intersection_cardinality(_counted(snap, among))

    return snapshots.run(community, at, count)


def count_facts_by_person(
    *,
    community: Community,
    kinds: Iterable[str],
    first: int,
    last: int,
    at: datetime,
    among: BitMap | None = None,
) -> NDArray[np.int64]:
    """How many facts of these kinds each person with any has in the span, by person."""
    kind_ids = _kind_ids(kinds)

    def count(snap: Snapshot) -> NDArray[np.int64]:
        snap.load_revisions(())
        sums = snap.by_person(_sum(snap, kind_ids, first, last))
        counted = _counted(snap, among)
        slices = [slice_ & counted for slice_ in sums.slices]
        size = max((slice_.max() for slice_ in slices if slice_), default=-1) + 1
        numbers = np.zeros(size, dtype=np.int64)
        for bit, slice_ in enumerate(slices):
            numbers[bitmaps.array_of(slice_)] += 1 << bit
        return numbers[numbers > 0]

    return snapshots.run(community, at, count)


def top_tenth(numbers: NDArray[np.int64]) -> int:
    """The sum of the highest tenth of some numbers, rounded up to whole numbers."""
    count = -(-len(numbers) // TENTH)
    return int(np.sort(numbers)[len(numbers) - count :].sum())


def pair_differences(numbers: NDArray[np.int64]) -> int:
    """The sum of |a − b| over all ordered pairs of some numbers.

    Among n sorted numbers the one with index i is the larger of i pairs and the smaller of
    n − 1 − i, so that no pair is visited.
    """
    signs = 2 * np.arange(len(numbers), dtype=np.int64) - (len(numbers) - 1)
    return 2 * int((signs * np.sort(numbers)).sum())


def _kind_ids(kinds: Iterable[str]) -> list[int]:
    found = (facts.find_kind(kind) for kind in kinds)
    return [kind_id for kind_id in found if kind_id is not None]


def _counted(snap: Snapshot, among: BitMap | None) -> BitMap:
    return snap.everyone(with_left=True) if among is None else among - snap.uncounted


def _accounts_by_day(
    snap: Snapshot, kind_ids: list[int], first: int, last: int
) -> dict[int, BitMap]:
    sets: dict[int, list[BitMap]] = {day: [] for day in range(first, last + 1)}
    for kind_id in kind_ids:
        days = snap.changed_days(kind_id, first, last)
        for day, counter in snap.day_counters(kind_id, days):
            sets[day].append(counter.nonzero())
    return {day: bitmaps.union(accounts) for day, accounts in sets.items()}


def _sum(snap: Snapshot, kind_ids: list[int], first: int, last: int) -> BitCounter:
    return sum_all(
        snap.sum_days(kind_id, snap.changed_days(kind_id, first, last))
        for kind_id in kind_ids
    )

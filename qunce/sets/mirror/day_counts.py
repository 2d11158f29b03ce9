"""Cuts facts into stacks: who did what how often on which community day."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from qunce.core import community_days
from qunce.sets.bitmaps.bit_counters import BitCounter
from qunce.sets.mirror.community_clocks import Clock

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from qunce.sets.mirror.community_clocks import Clocks

    Ints = NDArray[np.int64]

Day = tuple[int, int, int]
"""Community, kind, day."""
MAX_BUFFERED_FACTS = 8_000_000
"""Facts held as eight bytes each before they are sorted and counted."""
DEFAULT_CLOCK = Clock("UTC", 0, 0)


class DayCounter:
    """Takes tables of facts, gives a stack for each day touched.

    Each fact becomes one number, its day's place in the upper half and its account in
    the lower: sorting those is the whole of grouping.
    """

    def __init__(self, clocks: Clocks) -> None:
        self._clocks = clocks
        self._places: dict[Day, int] = {}
        self._days: list[Day] = []
        self._held: list[Ints] = []
        self._size = 0
        self._stacks: dict[Day, BitCounter] = {}

    def add(self, facts: pa.Table) -> None:
        facts = facts.select(["community", "kind", "account", "happened_at"])
        if facts["account"].null_count:
            facts = facts.filter(pc.is_valid(facts["account"]))
        if facts.num_rows == 0:
            return
        community, kind, account, happened = (
            column.to_numpy().astype(np.int64, copy=False) for column in facts.columns
        )
        day = self._days_of(community, happened)
        self._held.append(self._places_of(community, kind, day) << 32 | account)
        self._size += facts.num_rows
        if self._size >= MAX_BUFFERED_FACTS:
            self._count()

    def _days_of(self, community: Ints, happened: Ints) -> Ints:
        found = np.empty(len(happened), dtype=np.int64)
        here, whose = _rank(community)
        for place, one in enumerate(here):
            clock = self._clocks.get(int(one), DEFAULT_CLOCK)
            if len(here) == 1:
                return community_days.days_of(clock.zone, clock.start, happened)
            mine = whose == place
            found[mine] = community_days.days_of(
                clock.zone, clock.start, happened[mine]
            )
        return found

    def _places_of(self, community: Ints, kind: Ints, day: Ints) -> Ints:
        kinds, first = int(kind.max()) + 1, int(day.min())
        width = int(day.max()) - first + 1
        pairs, pair = _rank(community * kinds + kind)
        slots, slot = _rank(pair * width + (day - first))
        known = np.empty(len(slots), dtype=np.int64)
        for index, one in enumerate(slots.tolist()):
            which, later = divmod(one, width)
            where = divmod(int(pairs[which]), kinds)
            known[index] = self._place((*where, first + later))
        return known[slot]

    def _place(self, day: Day) -> int:
        if day not in self._places:
            self._places[day] = len(self._days)
            self._days.append(day)
        return self._places[day]

    def _count(self) -> None:
        if not self._held:
            return
        numbers = np.concatenate(self._held)
        self._held, self._size = [], 0
        numbers.sort()
        starts = _starts(numbers)
        counts = np.diff(starts, append=len(numbers))
        numbers = numbers[starts]
        places = numbers >> 32
        bounds = [*_starts(places).tolist(), len(places)]
        for start, end in itertools.pairwise(bounds):
            day = self._days[int(places[start])]
            ids = numbers[start:end] & 0xFFFFFFFF
            stack = BitCounter.from_arrays(ids, counts[start:end])
            old = self._stacks.get(day)
            self._stacks[day] = stack if old is None else old + stack

    def stacks(self) -> dict[Day, BitCounter]:
        self._count()
        return self._stacks


def _starts(values: Ints) -> Ints:
    """Where a new value begins in a sorted array."""
    return np.flatnonzero(np.r_[True, values[1:] != values[:-1]])


def _rank(values: Ints) -> tuple[Ints, Ints]:
    """Distinct values in order, and each value's place among them.

    Values in a narrow range are looked up in a table, thirty times faster than sorting.
    """
    low = int(values.min())
    width = int(values.max()) - low + 1
    if width > 4 * len(values) + 65_536:
        unique, place = np.unique(values, return_inverse=True)
        return unique, place
    moved = values - low
    seen = np.zeros(width, dtype=bool)
    seen[moved] = True
    return np.flatnonzero(seen) + low, (np.cumsum(seen) - 1)[moved]

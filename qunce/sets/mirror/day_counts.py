"""Day counts: how often each account has facts of a kind on a community day."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc
from django.db import transaction

from qunce.core import community_days
from qunce.sets import derived_models
from qunce.sets.bitmaps.bit_counters import BitCounter
from qunce.sets.mirror.fact_days import Clock

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from qunce.sets.mirror.fact_days import Clocks

    Ints = NDArray[np.int64]

Day = tuple[int, int, int]
"""Community, kind, day."""
MAX_BUFFERED_FACTS = 8_000_000
"""Facts that are buffered, eight bytes each, before they are sorted and counted."""
DEFAULT_CLOCK = Clock("UTC", 0, 0)


class DayCounter:
    """Counts tables of facts into one bit counter per day.

    Each fact becomes one number, with the index of its day in the upper half and its
    account in the lower half, so that one sort groups all of them.
    """

    def __init__(self, clocks: Clocks) -> None:
        self._clocks = clocks
        self._indexes: dict[Day, int] = {}
        self._buffer: list[Ints] = []
        self._size = 0
        self._counters: dict[Day, BitCounter] = {}

    def add(self, facts: pa.Table) -> None:
        # Facts without an account are only in the mirror.
        facts = facts.select(["community", "kind", "account", "happened_at"])
        if facts["account"].null_count:
            facts = facts.filter(pc.is_valid(facts["account"]))
        if facts.num_rows == 0:
            return
        community, kind, account, happened = (
            column.to_numpy().astype(np.int64, copy=False) for column in facts.columns
        )
        day = self._days_of(community, happened)
        # Community, kind and day become one number, of which there are few distinct ones.
        kinds, first = int(kind.max()) + 1, int(day.min())
        width = int(day.max()) - first + 1
        pairs, pair_of = _rank(community * kinds + kind)
        slots, slot_of = _rank(pair_of * width + (day - first))
        indexes = np.empty(len(slots), dtype=np.int64)
        for position, slot in enumerate(slots.tolist()):
            pair, later = divmod(slot, width)
            community_id, kind_id = divmod(int(pairs[pair]), kinds)
            key = (community_id, kind_id, first + later)
            indexes[position] = self._indexes.setdefault(key, len(self._indexes))
        self._buffer.append(indexes[slot_of] << 32 | account)
        self._size += facts.num_rows
        # 64 MB of numbers, after which sorting would no longer fit into a small machine
        # beside the rest.
        if self._size >= MAX_BUFFERED_FACTS:
            self._count()

    def tee(self, tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
        """Yield these tables unchanged and count each one."""
        for table in tables:
            self.add(table)
            yield table

    def counters(self) -> dict[Day, BitCounter]:
        """The counts of all facts added."""
        self._count()
        return self._counters

    def _days_of(self, community: Ints, happened: Ints) -> Ints:
        days = np.empty(len(happened), dtype=np.int64)
        communities, index_of = _rank(community)
        for index, community_id in enumerate(communities):
            clock = self._clocks.get(int(community_id), DEFAULT_CLOCK)
            # The usual case needs no masks.
            if len(communities) == 1:
                return community_days.days_of(clock.zone, clock.start, happened)
            is_here = index_of == index
            days[is_here] = community_days.days_of(
                clock.zone, clock.start, happened[is_here]
            )
        return days

    def _count(self) -> None:
        if not self._buffer:
            return
        # Counted in large portions, since each one rebuilds the counters of its days.
        numbers = np.concatenate(self._buffer)
        self._buffer, self._size = [], 0
        # After sorting, equal numbers are the facts of one account on one day.
        numbers.sort()
        starts = _starts(numbers)
        counts = np.diff(starts, append=len(numbers))
        numbers = numbers[starts]
        indexes = numbers >> 32
        days = list(self._indexes)
        bounds = [*_starts(indexes).tolist(), len(indexes)]
        for start, end in itertools.pairwise(bounds):
            # dicts keep the order of insertion, so a position in the list is the index
            # of the day.
            day = days[int(indexes[start])]
            ids = numbers[start:end] & 0xFFFFFFFF
            counter = BitCounter.from_arrays(ids, counts[start:end])
            old = self._counters.get(day)
            self._counters[day] = counter if old is None else old + counter


UPSERT_DAY_COUNT = """
INSERT INTO sets_day_count (community_id, kind_id, day, changed, blob)
VALUES (%s, %s, %s, %s, %s) ON CONFLICT (community_id, kind_id, day) DO UPDATE
SET changed = excluded.changed, blob = excluded.blob
"""


def save(counters: dict[Day, BitCounter], changed: int) -> None:
    """Replace the counts of these days, in a transaction of the derived tables."""
    with transaction.get_connection(derived_models.db_alias()).cursor() as cursor:
        # Raw SQL with an upsert: Django would read each row before it writes it.
        cursor.executemany(
            UPSERT_DAY_COUNT,
            [(*day, changed, counter.to_bytes()) for day, counter in counters.items()],
        )


def _starts(values: Ints) -> Ints:
    """Where each run of a value starts in a sorted array."""
    return np.flatnonzero(np.r_[True, values[1:] != values[:-1]])


def _rank(values: Ints) -> tuple[Ints, Ints]:
    """The distinct values in order, and the index of each value among them."""
    low = int(values.min())
    width = int(values.max()) - low + 1
    if width > 4 * len(values) + 65_536:
        unique, index_of = np.unique(values, return_inverse=True)
        return unique, index_of
    # In a narrow range a table of flags is thirty times faster than sorting.
    offsets = values - low
    occurs = np.zeros(width, dtype=bool)
    occurs[offsets] = True
    return np.flatnonzero(occurs) + low, (np.cumsum(occurs) - 1)[offsets]

"""Bit counters: a count per person as a bit-sliced index.

Slice k is the set of people whose count has bit k. Adding two counters is a binary adder
made of intersections and symmetric differences; "at least n" is a comparison from the
top slice down. Each operation takes a few microseconds for a million people.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from pyroaring import BitMap

from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEADER = struct.Struct("<I")


class BitCounter:
    """Counts of people. Immutable by convention: every operation returns a new counter."""

    __slots__ = ("slices",)

    def __init__(self, slices: Sequence[BitMap] = ()) -> None:
        self.slices = list(slices)
        # Counters are compared by their slices, so empty ones at the top are dropped.
        while self.slices and not self.slices[-1]:
            self.slices.pop()

    @classmethod
    def from_arrays(
        cls, ids: NDArray[np.integer], counts: NDArray[np.integer]
    ) -> BitCounter:
        """From parallel arrays, shape (n,): distinct ids and their counts ≥ 0."""
        if ids.size == 0:
            return cls()
        return cls(
            [
                bitmaps.of(ids[(counts >> bit) & 1 == 1])
                # Most counts are 1, so that a counter rarely has more than three
                # slices.
                for bit in range(int(counts.max()).bit_length())
            ]
        )

    @classmethod
    def ones(cls, people: BitMap) -> BitCounter:
        """A count of one for everyone in `people`."""
        return cls([people])

    @classmethod
    def from_counts(cls, counts: Mapping[int, int]) -> BitCounter:
        # uint32 is what Roaring bitmaps hold, so no copy is needed to convert them.
        ids = np.fromiter(counts.keys(), dtype=np.uint32, count=len(counts))
        numbers = np.fromiter(counts.values(), dtype=np.int64, count=len(counts))
        return cls.from_arrays(ids, numbers)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BitCounter) and self.slices == other.slices

    __hash__ = None  # type: ignore[assignment]

    def __add__(self, other: BitCounter) -> BitCounter:
        # A full adder per bit; without a carry, which is frequent, a half adder will do.
        total: list[BitMap] = []
        carry = bitmaps.EMPTY
        for bit in range(max(len(self.slices), len(other.slices))):
            left, right = self._slice(bit), other._slice(bit)
            half = left ^ right
            total.append(half ^ carry if carry else half)
            carry = (left & right) | (carry & half) if carry else left & right
        return BitCounter([*total, carry])

    def _slice(self, bit: int) -> BitMap:
        return self.slices[bit] if bit < len(self.slices) else bitmaps.EMPTY

    def nonzero(self) -> BitMap:
        return bitmaps.union(self.slices)

    def get(self, person: int) -> int:
        return sum(
            1 << bit for bit, slice_ in enumerate(self.slices) if person in slice_
        )

    def counts(self, people: BitMap) -> dict[int, int]:
        return {person: self.get(person) for person in people}

    def arrays(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The people with a count, ascending, and their counts, shapes (n,)."""
        people = bitmaps.array_of(self.nonzero())
        counts = np.zeros(len(people), dtype=np.int64)
        for bit, slice_ in enumerate(self.slices):
            counts[np.searchsorted(people, bitmaps.array_of(slice_))] += 1 << bit
        return people.astype(np.int64), counts

    def total(self, people: BitMap) -> int:
        """The sum of the counts of these people."""
        return sum(
            slice_.intersection_cardinality(people) << bit
            for bit, slice_ in enumerate(self.slices)
        )

    def at_least(self, number: int) -> BitMap:
        """The people with a count ≥ `number`, for `number` ≥ 1."""
        if number.bit_length() > len(self.slices):
            return BitMap()
        # From the top bit down: `above` has the people whose count is already higher,
        # `equal` those whose bits equal the bits of `number` so far.
        above, equal = BitMap(), self.nonzero()
        for bit in range(len(self.slices) - 1, -1, -1):
            slice_ = self.slices[bit]
            if number >> bit & 1:
                equal = equal & slice_
            else:
                above = above | (equal & slice_)
                equal = equal - slice_
        return above | equal

    def without(self, people: BitMap) -> BitCounter:
        return BitCounter([slice_ - people for slice_ in self.slices])

    def with_counts(self, counts: Mapping[int, int]) -> BitCounter:
        """These people's counts replaced; all others are unchanged."""
        # Removing the people first makes the addition free of carries from their old
        # counts.
        nonzero = {person: count for person, count in counts.items() if count}
        return self.without(BitMap(counts)) + BitCounter.from_counts(nonzero)

    def to_bytes(self) -> bytes:
        """The number of slices, then each slice's length and portable Roaring bytes."""
        parts = [HEADER.pack(len(self.slices))]
        for slice_ in self.slices:
            blob = bitmaps.to_bytes(slice_)
            parts += [HEADER.pack(len(blob)), blob]
        return b"".join(parts)

    @classmethod
    def from_bytes(cls, blob: bytes | memoryview) -> BitCounter:
        view = memoryview(blob)
        (count,) = HEADER.unpack_from(view)
        slices, offset = [], HEADER.size
        for _ in range(count):
            (length,) = HEADER.unpack_from(view, offset)
            offset += HEADER.size
            slices.append(bitmaps.from_bytes(view[offset : offset + length]))
            offset += length
        return cls(slices)


def sum_all(counters: Iterable[BitCounter]) -> BitCounter:
    """The sum of many counters, added in pairs so that carries stay short."""
    # Adding one after another would carry through the long sum each time.
    level = list(counters)
    while len(level) > 1:
        pairs = [a + b for a, b in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0] if level else BitCounter()

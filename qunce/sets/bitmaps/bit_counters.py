"""A count per person as a stack of sets: slice k holds those whose count has bit k.

Adding two stacks is a binary adder of ∩ and ⊕; "at least n" is a comparison that walks
the slices from the top. A million people cost a few microseconds an operation.
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
    """Immutable by convention: every operation answers with a new stack."""

    __slots__ = ("slices",)

    def __init__(self, slices: Sequence[BitMap] = ()) -> None:
        kept = list(slices)
        while kept and not kept[-1]:
            kept.pop()
        self.slices = kept

    @classmethod
    def build(cls, ids: NDArray[np.integer], counts: NDArray[np.integer]) -> BitCounter:
        """From parallel arrays, each id at most once; counts ≥ 0."""
        if ids.size == 0:
            return cls()
        return cls(
            [
                bitmaps.of(ids[(counts >> bit) & 1 == 1])
                for bit in range(int(counts.max()).bit_length())
            ]
        )

    @classmethod
    def once(cls, people: BitMap) -> BitCounter:
        """Everyone in `people` with a count of one."""
        return cls([people])

    @classmethod
    def of(cls, counts: Mapping[int, int]) -> BitCounter:
        ids = np.fromiter(counts.keys(), dtype=np.uint32, count=len(counts))
        numbers = np.fromiter(counts.values(), dtype=np.int64, count=len(counts))
        return cls.build(ids, numbers)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BitCounter) and self.slices == other.slices

    __hash__ = None  # type: ignore[assignment]

    def __add__(self, other: BitCounter) -> BitCounter:
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
        return sum(1 << bit for bit, some in enumerate(self.slices) if person in some)

    def counts(self, people: BitMap) -> dict[int, int]:
        return {person: self.get(person) for person in people}

    def at_least(self, number: int) -> BitMap:
        """Those with a count ≥ `number`, for `number` ≥ 1."""
        if number.bit_length() > len(self.slices):
            return BitMap()
        above, equal = BitMap(), self.nonzero()
        for bit in range(len(self.slices) - 1, -1, -1):
            some = self.slices[bit]
            if number >> bit & 1:
                equal = equal & some
            else:
                above = above | (equal & some)
                equal = equal - some
        return above | equal

    def without(self, people: BitMap) -> BitCounter:
        return BitCounter([some - people for some in self.slices])

    def only(self, people: BitMap) -> BitCounter:
        return BitCounter([some & people for some in self.slices])

    def replaced(self, counts: Mapping[int, int]) -> BitCounter:
        """These people's counts set anew, everybody else's kept."""
        return self.without(BitMap(counts)) + BitCounter.of(
            {person: count for person, count in counts.items() if count}
        )

    def freeze(self) -> bytes:
        """Number of slices, then each as its length and its portable Roaring bytes."""
        parts = [HEADER.pack(len(self.slices))]
        for some in self.slices:
            blob = bitmaps.to_bytes(some)
            parts += [HEADER.pack(len(blob)), blob]
        return b"".join(parts)

    @classmethod
    def thaw(cls, blob: bytes | memoryview) -> BitCounter:
        view = memoryview(blob)
        (number,) = HEADER.unpack_from(view)
        slices, place = [], HEADER.size
        for _ in range(number):
            (length,) = HEADER.unpack_from(view, place)
            place += HEADER.size
            slices.append(bitmaps.from_bytes(view[place : place + length]))
            place += length
        return cls(slices)


def sum_all(stacks: Iterable[BitCounter]) -> BitCounter:
    """The sum of many, added in pairs so that carries stay short."""
    level = list(stacks)
    while len(level) > 1:
        pairs = [a + b for a, b in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0] if level else BitCounter()

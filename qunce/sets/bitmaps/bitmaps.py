"""Sets of people as Roaring bitmaps, with conversions to NumPy and to bytes."""

from __future__ import annotations

import array
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

# np.unique imports it at its first call, which would be in the first answer after a start.
import numpy.ma
from pyroaring import BitMap

if TYPE_CHECKING:
    from numpy.typing import NDArray

EMPTY = BitMap()


def of(ids: NDArray[np.integer] | Iterable[int]) -> BitMap:
    if not isinstance(ids, np.ndarray):
        return BitMap(ids)
    # For a NumPy array the way through `array.array` is six times faster.
    packed = array.array("I")
    packed.frombytes(np.ascontiguousarray(ids, dtype=np.uint32).tobytes())
    return BitMap(packed)


def array_of(people: BitMap) -> NDArray[np.uint32]:
    """The ids in ascending order, shape (n,)."""
    return np.frombuffer(people.to_array(), dtype=np.uint32)


def to_bytes(people: BitMap) -> bytes:
    """The portable Roaring format; a million people take at most 131 kB."""
    return bytes(people.serialize())


def from_bytes(blob: bytes | memoryview) -> BitMap:
    # Copied once, as the library accepts nothing but bytes.
    return BitMap.deserialize(bytes(blob))


def union(sets: Iterable[BitMap]) -> BitMap:
    bitmaps = list(sets)
    if len(bitmaps) < 2:
        return bitmaps[0].copy() if bitmaps else BitMap()
    return BitMap.union(*bitmaps)

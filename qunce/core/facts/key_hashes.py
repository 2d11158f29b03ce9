"""64-bit hashes of the keys of facts, computed for whole columns.

A cryptographic hash takes a Python call per key, twenty times as long. Nothing depends on
it: two keys with the same hash are compared by their texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

WORD = 8
SEED_STEP = 0x9E3779B97F4A7C15
FIRST_FACTOR, SECOND_FACTOR = (
    np.uint64(0xFF51AFD7ED558CCD),
    np.uint64(0xC4CEB9FE1A85EC53),
)
"""Those of MurmurHash3's finaliser, after which each bit depends on each bit before."""


def hashes_of(source_id: int, keys: pa.Array | Sequence[bytes]) -> NDArray[np.int64]:
    """64 bits of each key (UTF-8), different for every source; shape (n,)."""
    texts = (
        keys.cast(pa.binary())
        if isinstance(keys, pa.Array)
        else pa.array(keys, pa.binary())
    )
    count = len(texts)
    if not count:
        return np.empty(0, dtype=np.int64)
    _validity, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, np.int32, count + 1, texts.offset * 4)
    first, last = int(ends[0]), int(ends[-1])
    # The last word of the last key may reach beyond its end.
    padded = (data[first:last].to_pybytes() if data else b"") + bytes(WORD)
    # Every eight bytes as a number, wherever they begin.
    words = np.ndarray((len(padded) - WORD + 1,), "<u8", padded, 0, (1,))
    starts = ends[:-1].astype(np.int64) - first
    lengths = np.diff(ends).astype(np.int64)
    # The source is the seed, so that equal keys of two programs do not collide. With the
    # length, as the last word is filled up with zeros.
    seed = (source_id + 1) * SEED_STEP % 2**64
    mixed = mix(lengths.astype(np.uint64) ^ np.uint64(seed))
    for begin in range(0, int(lengths.max()), WORD):
        rows = np.flatnonzero(lengths > begin)
        if len(rows) == count:
            rows = slice(None)  # type: ignore[assignment]
        left = np.minimum(lengths[rows] - begin, WORD)
        unused = ((WORD - left) * 8).astype(np.uint64)
        found = words[starts[rows] + begin] << unused
        mixed[rows] = mix(mixed[rows] ^ found)
    return mixed.view(np.int64)


def mix(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Numbers of which each bit depends on each bit of the given one, shape (n,)."""
    numbers = (numbers ^ (numbers >> np.uint64(33))) * FIRST_FACTOR
    numbers = (numbers ^ (numbers >> np.uint64(33))) * SECOND_FACTOR
    return numbers ^ (numbers >> np.uint64(33))

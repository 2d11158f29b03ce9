"""Draws hold-outs and shares by a stable hash of a salt and the person. Pure functions.

A person is identified by the first account, so that a merge keeps the first one's part. The
same salt gives the same people after a restart and on another machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyroaring import BitMap

PARTS = 1 << 32
"""How many parts of equal size people are spread over."""


def fractions(salt: str, people: NDArray[np.integer]) -> NDArray[np.uint64]:
    """A number below PARTS for each person, shape (n,), equally distributed."""
    digest = hashlib.blake2b(salt.encode(), digest_size=8).digest()
    # The finaliser of splitmix64, twice, as ids are small and in sequence.
    mixed = people.astype(np.uint64) ^ np.uint64(int.from_bytes(digest, "big"))
    for _round in range(2):
        mixed = mixed + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed = mixed ^ (mixed >> np.uint64(31))
    return mixed >> np.uint64(32)


def select(people: BitMap, *, salt: str, per_mille: int) -> BitMap:
    """Those of these people who are held out at a share of `per_mille`."""
    if not per_mille or not people:
        return bitmaps.of([])
    ids = bitmaps.array_of(people)
    return bitmaps.of(ids[fractions(salt, ids) < PARTS * per_mille // 1_000])


def split(people: BitMap, *, salt: str, shares: Sequence[int]) -> list[BitMap]:
    """Divide people by shares, which are parts of their sum."""
    ids = bitmaps.array_of(people)
    parts = fractions(salt, ids)
    total, before = sum(shares), 0
    found = []
    for share in shares:
        low, high = PARTS * before // total, PARTS * (before + share) // total
        found.append(bitmaps.of(ids[(parts >= low) & (parts < high)]))
        before += share
    return found

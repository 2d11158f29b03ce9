"""Arrays of whole numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


MAX_TABLE = 10_000_000
"""Entries of a table of ids, which takes four bytes each."""


def unique(numbers: NDArray[Any]) -> NDArray[Any]:
    """The different numbers in ascending order, shape (n,).

    From version 2.3 on, np.unique hashes integers. Of a million different ones that takes
    twenty times as long as to sort them.
    """
    ordered = np.sort(numbers, axis=None)
    is_new = np.ones(len(ordered), dtype=bool)
    is_new[1:] = ordered[1:] != ordered[:-1]
    return ordered[is_new]


def find_places(ordered: NDArray[Any], numbers: NDArray[Any]) -> NDArray[Any]:
    """For each number, its index in `ordered`, which is ascending and has all of them.

    A table is several times as fast as the binary search of np.searchsorted; where ids
    are spread too far for one, the search is used.
    """
    if not len(ordered) or int(ordered[-1]) - int(ordered[0]) > MAX_TABLE:
        return np.searchsorted(ordered, numbers)
    table = np.zeros(int(ordered[-1] - ordered[0]) + 1, np.int32)
    table[ordered - ordered[0]] = np.arange(len(ordered), dtype=np.int32)
    return table[numbers - ordered[0]]

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
    return drop_repeated(np.sort(numbers, axis=None))


def union(left: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    """The different numbers of two arrays, each of which is in ascending order."""
    if not len(left) or not len(right):
        return drop_repeated(right if len(right) else left)
    # A stable sort merges what is already in order.
    return drop_repeated(np.sort(np.concatenate([left, right]), kind="stable"))


def drop_repeated(ordered: NDArray[Any]) -> NDArray[Any]:
    """The different numbers of an array in which equal ones are neighbours."""
    is_new = np.ones(len(ordered), dtype=bool)
    is_new[1:] = ordered[1:] != ordered[:-1]
    return ordered[is_new]


def find_places(ordered: NDArray[Any], numbers: NDArray[Any]) -> NDArray[Any]:
    """For each number, its index in `ordered`, which is ascending and has all of them.

    A table is several times as fast as the binary search of np.searchsorted; where ids
    are spread too far for one, the search is used.
    """
    if not len(ordered) or int(ordered[-1]) - int(ordered[0]) > MAX_TABLE:
        places: NDArray[Any] = np.searchsorted(ordered, numbers)
        return places
    table = np.zeros(int(ordered[-1] - ordered[0]) + 1, np.int32)
    table[ordered - ordered[0]] = np.arange(len(ordered), dtype=np.int32)
    found: NDArray[Any] = table[numbers - ordered[0]]
    return found

"""Ranking of people by a number: the best of them, with ties. Pure functions.

Money in currencies without an exchange rate cannot be compared with other money, so its
payers are ranked among those who paid in the same currency.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyroaring import BitMap

    Ints = NDArray[np.int64]
    Part = tuple[Ints, Ints]
    """People, each once, and their numbers, which are comparable. Shapes (n,)."""


def threshold(values: Ints, count: int) -> int | None:
    """The number of the last of the best `count`; None if all of them are among these."""
    if count >= len(values):
        return None
    ordered = np.sort(values)
    return int(ordered[len(values) - count])


def best(part: Part, count: int) -> BitMap:
    """The best `count` people, and whoever equals the last of them."""
    people, values = part
    if count < 1:
        return bitmaps.of([])
    least = threshold(values, count)
    return bitmaps.of(people if least is None else people[values >= least])


def best_of_parts(parts: Sequence[Part], count: int) -> BitMap:
    """Like `best` over parts that cannot be compared with each other.

    Each person counts by the share of their part that is better, the least of several.
    """
    if len(parts) == 1:
        return best(parts[0], count)
    people, shares = rank_parts(parts)
    if count < 1 or not len(people):
        return bitmaps.of([])
    last = np.sort(shares)[min(count, len(shares)) - 1]
    return bitmaps.of(people[shares <= last])


def rank_parts(parts: Sequence[Part]) -> tuple[Ints, NDArray[np.float64]]:
    """People, each once, and the share of their part that is better, shapes (n,).

    Somebody in several parts has the least of their shares.
    """
    people = np.concatenate([people for people, _values in parts])
    shares = np.concatenate([share_above(values) for _people, values in parts])
    order = np.lexsort((shares, people))
    people, shares = people[order], shares[order]
    is_first = np.ones(len(people), dtype=bool)
    is_first[1:] = people[1:] != people[:-1]
    return people[is_first], shares[is_first]


def share_above(values: Ints) -> NDArray[np.float64]:
    """The share of the values that are greater than each of them, shape (n,)."""
    ordered = np.sort(values)
    above = len(values) - np.searchsorted(ordered, values, side="right")
    shares: NDArray[np.float64] = above / max(len(values), 1)
    return shares


def place(values: Ints, value: int) -> int:
    """The place of a value among all of them, from 1; equal values share the best."""
    return 1 + int((values > value).sum())

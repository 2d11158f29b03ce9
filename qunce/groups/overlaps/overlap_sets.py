"""People in several groups: exact operations on bitmaps of people. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

Pair = tuple[int, int]
"""Ids of two groups, the lower one first."""


def in_several(groups: Iterable[BitMap]) -> BitMap:
    """The people in at least two of these groups, in one pass over them."""
    once, twice = bitmaps.of([]), bitmaps.of([])
    for people in groups:
        twice |= once & people
        once |= people
    return twice


def pair(left: int, right: int) -> Pair:
    return (left, right) if left < right else (right, left)


def count_pairs(
    groups: Mapping[int, BitMap], allowed: Collection[Pair] = ()
) -> dict[Pair, int]:
    """How many people each two groups share, without the pairs that may overlap."""
    # Most people are in one group, so that what is left of each set is small.
    several = in_several(groups.values())
    shared = {group: people & several for group, people in groups.items()}
    counts = {
        (left, right): shared[left].intersection_cardinality(shared[right])
        for left, right in itertools.combinations(sorted(groups), 2)
        if (left, right) not in allowed
    }
    return {two: count for two, count in counts.items() if count}


def find_overlapping(
    groups: Mapping[int, BitMap], allowed: Collection[Pair] = ()
) -> BitMap:
    """The people in two groups that may not overlap."""
    several = in_several(groups.values())
    if not allowed:
        return several
    shared = {group: people & several for group, people in groups.items()}
    found = bitmaps.of([])
    for left, right in itertools.combinations(sorted(groups), 2):
        if (left, right) not in allowed:
            found |= shared[left] & shared[right]
    return found


def groups_by_person(
    groups: Mapping[int, BitMap], people: BitMap
) -> dict[int, list[int]]:
    """Person → the ids of the groups that they are in, ascending."""
    found: dict[int, list[int]] = {person: [] for person in people}
    for group in sorted(groups):
        for person in groups[group] & people:
            found[person].append(group)
    return found

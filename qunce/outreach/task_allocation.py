"""Dividing receivers among staff who may not all see all of them, pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap


def split_evenly(whole: BitMap, eligible: Mapping[int, BitMap]) -> dict[int, BitMap]:
    """Each of `whole` whom somebody sees goes to exactly one who does.

    Whoever sees least is served first: with those nobody after them sees, then up to an
    even part. If all see all, no two shares differ by more than one.
    """
    seen = {staff: whole & theirs for staff, theirs in eligible.items()}
    order = sorted(seen, key=lambda staff: (len(seen[staff]), staff))
    shares: dict[int, BitMap] = {}
    taken = bitmaps.of([])
    for number, staff in enumerate(order):
        later = bitmaps.union(seen[other] for other in order[number + 1 :])
        free = seen[staff] - taken
        alone = free - later
        even = -(-len((free | later) - taken) // (len(order) - number))
        others = free & later
        share = alone | others[: max(even - len(alone), 0)]
        shares[staff] = share
        taken |= share
    return shares


def split_by_owner(
    whole: BitMap, eligible: Mapping[int, BitMap], owners: Mapping[int, int]
) -> dict[int, BitMap]:
    """Like `divide`, but what has an owner among the staff goes to them first."""
    owned = {
        staff: bitmaps.of(
            [
                target
                for target, owner in owners.items()
                if owner == staff and target in theirs and target in whole
            ]
        )
        for staff, theirs in eligible.items()
    }
    rest = whole - bitmaps.union(owned.values())
    divided = split_evenly(rest, eligible)
    return {staff: owned[staff] | divided[staff] for staff in eligible}

"""Divides recipients among staff, who may each see only some of them. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap


def split_evenly(targets: BitMap, visible: Mapping[int, BitMap]) -> dict[int, BitMap]:
    """Assign each target to exactly one staff member who sees it.

    `visible` maps staff to what they see. A target that nobody sees is in no share. If
    everyone sees everything, no two shares differ in size by more than one.
    """
    candidates = {staff: targets & seen for staff, seen in visible.items()}
    # Staff with the fewest candidates choose first. Each gets the targets that nobody
    # later in the order sees, then others up to an even part of what is left.
    order = sorted(candidates, key=lambda staff: (len(candidates[staff]), staff))
    shares: dict[int, BitMap] = {}
    assigned = bitmaps.of([])
    for index, staff in enumerate(order):
        visible_later = bitmaps.union(candidates[other] for other in order[index + 1 :])
        free = candidates[staff] - assigned
        only_here = free - visible_later
        remaining = len((free | visible_later) - assigned)
        even_part = -(-remaining // (len(order) - index))  # rounded up
        shared = (free & visible_later)[: max(even_part - len(only_here), 0)]
        shares[staff] = only_here | shared
        assigned |= shares[staff]
    return shares


def split_by_owner(
    targets: BitMap, visible: Mapping[int, BitMap], owners: Mapping[int, int]
) -> dict[int, BitMap]:
    """Like `split_evenly`, but targets go to their owner if the owner sees them."""
    owned = {
        staff: bitmaps.of(
            [
                target
                for target, owner in owners.items()
                if owner == staff and target in seen and target in targets
            ]
        )
        for staff, seen in visible.items()
    }
    others = split_evenly(targets - bitmaps.union(owned.values()), visible)
    return {staff: owned[staff] | others[staff] for staff in visible}

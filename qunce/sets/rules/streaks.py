"""Streaks: for how many days or weeks in a row people did something. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap


@dataclass(frozen=True)
class Streaks:
    """Each person's longest streak; `blocks` has the people of each day or week."""

    blocks: Mapping[int, BitMap]

    def at_least(self, number: int) -> BitMap:
        """The people with a streak of ≥ `number` blocks, for `number` ≥ 1."""
        # By doubling: two streaks that meet or overlap are a longer one.
        streaks, length = self.blocks, 1
        while length < number and streaks:
            step = min(length, number - length)
            longer = {
                block: people & streaks[block - step]
                for block, people in streaks.items()
                if block - step in streaks
            }
            streaks = {block: people for block, people in longer.items() if people}
            length += step
        return bitmaps.union(streaks.values())


def longest(blocks: Iterable[int]) -> int:
    """The length of the longest streak of one person."""
    best = length = 0
    before: int | None = None
    for block in sorted(set(blocks)):
        length = length + 1 if before is not None and block == before + 1 else 1
        best, before = max(best, length), block
    return best

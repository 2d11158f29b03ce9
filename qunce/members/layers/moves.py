"""Who is in another layer than on an earlier day, as far as an operator sees."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.members.layers import layers
from qunce.members.layers.layers import ABSENT, Layering, LayerRun
from qunce.members.people import visibility
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.core.staff.models import Staff

    Sets = dict[str, BitMap]


@dataclass(frozen=True)
class LayerMoves:
    """`sizes` by (from, to); "" stands for who was not there, or is not any more."""

    before: LayerRun
    after: LayerRun
    sizes: dict[tuple[str, str], int]

    def into(self, layer: str) -> int:
        return sum(
            size for (old, new), size in self.sizes.items() if new == layer != old
        )

    def out_of(self, layer: str) -> int:
        return sum(
            size for (old, new), size in self.sizes.items() if old == layer != new
        )


def moves_since(
    *, layering: Layering, day: int, by: Staff, at: datetime
) -> LayerMoves | None:
    """From the last run up to a community day to the newest; None if it is the same."""
    runs = _runs(layering, day)
    if runs is None:
        return None
    found = {pair: len(some) for pair, some in _pairs(*runs, by, at)}
    return LayerMoves(*runs, {pair: size for pair, size in found.items() if size})


def list_people(
    *,
    layering: Layering,
    day: int,
    before: str,
    after: str,
    by: Staff,
    at: datetime,
) -> list[int]:
    """First accounts of those who went from one layer to another."""
    runs = _runs(layering, day)
    if runs is None:
        return []
    found = dict(_pairs(*runs, by, at)).get((before, after))
    return [] if found is None else list(found)


def _runs(layering: Layering, day: int) -> tuple[LayerRun, LayerRun] | None:
    before, after = layers.latest_run(layering, day), layers.latest_run(layering)
    if before is None or after is None or before == after:
        return None
    return before, after


def _pairs(
    before: LayerRun, after: LayerRun, by: Staff, at: datetime
) -> list[tuple[tuple[str, str], BitMap]]:
    old, new = layers.load_sets(before), layers.load_sets(after)
    were, are = bitmaps.union(old.values()), bitmaps.union(new.values())
    old[ABSENT], new[ABSENT] = are - were, were - are
    seen = None if by.scope is None else _seen(by, at)
    return [
        ((a, b), was & now if seen is None else was & now & seen)
        for a, was in old.items()
        for b, now in new.items()
        if a or b
    ]


def _seen(by: Staff, at: datetime) -> BitMap:
    return bitmaps.from_bytes(
        audiences.freeze(
            community=by.community, rule=visibility.ALL_INCLUDING_FORMER, by=by, at=at
        )
    )

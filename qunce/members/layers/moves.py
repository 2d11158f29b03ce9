"""Visible members whose layer differs from the one on an earlier day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.members.layers import layers
from qunce.members.layers.layers import Layering, LayerRun
from qunce.members.people import visibility

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.core.staff.models import Staff


@dataclass(frozen=True)
class LayerMoves:
    """`sizes` maps (from, to) to a count; ABSENT is for people in only one run."""

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
    """Moves from the last run up to a community day to the newest run.

    None if these are the same run.
    """
    runs = _find_runs(layering, day)
    if runs is None:
        return None
    sizes = {pair: len(people) for pair, people in _visible_sets(runs, by, at).items()}
    return LayerMoves(*runs, {pair: size for pair, size in sizes.items() if size})


def list_people(
    *,
    layering: Layering,
    day: int,
    before: str,
    after: str,
    by: Staff,
    at: datetime,
) -> list[int]:
    """Ids of the visible people who moved from one layer to another since a day."""
    runs = _find_runs(layering, day)
    if runs is None:
        return []
    return list(_visible_sets(runs, by, at).get((before, after), ()))


Runs = tuple[LayerRun, LayerRun]


def _find_runs(layering: Layering, day: int) -> Runs | None:
    before, after = layers.latest_run(layering, day), layers.latest_run(layering)
    if before is None or after is None or before == after:
        return None
    return before, after


def _visible_sets(runs: Runs, by: Staff, at: datetime) -> dict[tuple[str, str], BitMap]:
    sets = layers.sets_by_pair(*map(layers.load_sets, runs))
    if by.scope is None:
        return sets
    # Applied to the sets and not to the sizes, as sizes alone would reveal members
    # outside the scope.
    visible = visibility.visible_people(by=by, at=at)
    return {pair: people & visible for pair, people in sets.items()}

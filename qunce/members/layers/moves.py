"""Visible members whose layer differs from the one on an earlier day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.core import permissions
from qunce.members.layers import layers
from qunce.members.layers.layers import ABSENT, Layering, LayerRun
from qunce.members.people import visibility

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.core.staff.models import Staff


@dataclass(frozen=True)
class LayerMoves:
    """`sizes` maps (from, to) to a count; ABSENT is for people in only one run.

    `redefined` counts those of them who moved because the layering was changed.
    """

    before: LayerRun
    after: LayerRun
    sizes: dict[tuple[str, str], int]
    redefined: dict[tuple[str, str], int] = field(default_factory=dict)

    def into(self, layer: str) -> int:
        return self._count(lambda old, new: new == layer != old)

    def out_of(self, layer: str) -> int:
        return self._count(lambda old, new: old == layer != new)

    @property
    def moved(self) -> int:
        """How many members changed their layer, without arrivals and departures."""
        return self._count(lambda old, new: old != new and ABSENT not in (old, new))

    def _count(self, is_counted: Callable[[str, str], bool]) -> int:
        """Members who moved themselves."""
        return sum(
            size - self.redefined.get(pair, 0)
            for pair, size in self.sizes.items()
            if is_counted(*pair)
        )


def moves_since(
    *, layering: Layering, day: int, by: Staff, at: datetime, until: int | None = None
) -> LayerMoves | None:
    """Moves from the last run up to a community day to the newest run.

    `until` is a later day whose last run counts instead. None if both are the same run.
    """
    permissions.check_community(by, layering.community_id)
    runs = _find_runs(layering, day, until)
    if runs is None:
        return None
    redefined = layers.redefined_people(*runs)
    sets = _visible_sets(runs, by, at)
    return LayerMoves(
        *runs,
        {pair: len(people) for pair, people in sets.items() if people},
        {
            pair: changed
            for pair, people in sets.items()
            if pair[0] != pair[1]
            and (changed := people.intersection_cardinality(redefined))
        },
    )


def list_people(
    *,
    layering: Layering,
    day: int,
    before: str,
    after: str,
    by: Staff,
    at: datetime,
    until: int | None = None,
) -> list[int]:
    """Ids of the visible people who moved from one layer to another between two days."""
    permissions.check_community(by, layering.community_id)
    runs = _find_runs(layering, day, until)
    if runs is None:
        return []
    return list(_visible_sets(runs, by, at).get((before, after), ()))


Runs = tuple[LayerRun, LayerRun]


def _find_runs(layering: Layering, day: int, until: int | None = None) -> Runs | None:
    before, after = layers.latest_run(layering, day), layers.latest_run(layering, until)
    if before is None or after is None or before.pk >= after.pk:
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

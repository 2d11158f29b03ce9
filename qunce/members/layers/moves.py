"""Visible members by their layers on two days: who stayed, moved, came and went."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from qunce.core import community_days, errors, permissions
from qunce.members.layers import layers
from qunce.members.layers.layers import ABSENT, Layering, LayerRun
from qunce.members.people import visibility
from qunce.sets import audiences

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.core.staff.models import Staff

    Pair = tuple[str, str]


class NotComparable(errors.Refused):
    """The layering has no two runs for these days."""


@dataclass(frozen=True)
class LayerMoves:
    """`sizes` maps (from, to) to a count; ABSENT is for people in only one run.

    `redefined` counts those of them who moved because the layering was changed. The
    others, `dropped_before` and `dropped_after` by their layer, are accounts that no
    number counts any more: merged into another one, or of somebody who works here.
    """

    before: LayerRun
    after: LayerRun
    sizes: dict[Pair, int]
    redefined: dict[Pair, int] = field(default_factory=dict)
    dropped_before: dict[str, int] = field(default_factory=dict)
    dropped_after: dict[str, int] = field(default_factory=dict)

    def into(self, layer: str) -> int:
        return self._count(lambda old, new: new == layer != old)

    def out_of(self, layer: str) -> int:
        return self._count(lambda old, new: old == layer != new)

    def size_before(self, layer: str) -> int:
        """The size of a layer in the earlier run."""
        own = (size for (old, _new), size in self.sizes.items() if old == layer)
        return sum(own) + self.dropped_before.get(layer, 0)

    def size_after(self, layer: str) -> int:
        """The size of a layer in the later run."""
        own = (size for (_old, new), size in self.sizes.items() if new == layer)
        return sum(own) + self.dropped_after.get(layer, 0)

    @property
    def moved(self) -> int:
        """How many members changed their layer, without arrivals and departures."""
        return self._count(lambda old, new: old != new and ABSENT not in (old, new))

    def rule(self, old: str, new: str) -> dict[str, Any]:
        """The rule of the members of a cell, also if they left the community since."""
        parts = [_in_layer(self.before, old), _in_layer(self.after, new)]
        return {"with_left": {"all": parts}}

    def _count(self, is_counted: Callable[[str, str], bool]) -> int:
        """Members who moved themselves."""
        return sum(
            size - self.redefined.get(pair, 0)
            for pair, size in self.sizes.items()
            if is_counted(*pair)
        )


def _in_layer(run: LayerRun, layer: str) -> dict[str, Any]:
    day = community_days.to_date(run.day).isoformat()
    keys = [layer] if layer != ABSENT else list(layers.sizes(run))
    clause = {"layer": {"of": run.layering.key, "in": keys, "on": day}}
    return clause if layer != ABSENT else {"not": clause}


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
    before, after = (_visible_sets(run, by, at) for run in runs)
    counted = _counted_people(by, at)
    pairs = _people_by_pair(before, after, counted)
    redefined = layers.redefined_people(*runs)
    return LayerMoves(
        *runs,
        {pair: len(people) for pair, people in pairs.items() if people},
        {
            pair: changed
            for pair, people in pairs.items()
            if pair[0] != pair[1]
            and ABSENT not in pair
            and (changed := people.intersection_cardinality(redefined))
        },
        _count_others(before, counted),
        _count_others(after, counted),
    )


def compare(
    *, layering: Layering, day: int, by: Staff, at: datetime, until: int | None = None
) -> LayerMoves:
    """Like `moves_since`; raises NotComparable with the reason instead of None."""
    permissions.check_community(by, layering.community_id)
    check_days(layering=layering, day=day, until=until)
    moves = moves_since(layering=layering, day=day, until=until, by=by, at=at)
    if moves is None:
        raise NotComparable(_("The layering was just recomputed. Try again."))
    return moves


def check_days(*, layering: Layering, day: int, until: int | None = None) -> None:
    """Raises NotComparable with the reason, unless there are two runs to compare."""
    if until is not None and until <= day:
        raise NotComparable(_("The second day must be after the first one."))
    if _find_runs(layering, day, until) is not None:
        return
    if layers.latest_run(layering, day) is None:
        first = LayerRun.objects.filter(layering=layering).order_by("pk").first()
        if first is None:
            raise NotComparable(_("This layering is not computed yet."))
        raise NotComparable(
            _("Layers are known from %(first)s on; choose that day or a later one.")
            % {"first": community_days.to_date(first.day).isoformat()}
        )
    raise NotComparable(
        _(
            "The layering was not computed between these days, so there is nothing to "
            "compare. Choose days that are further apart, or recompute it now."
        )
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
    were, are = (_visible_sets(run, by, at) for run in runs)
    pairs = _people_by_pair(were, are, _counted_people(by, at))
    return list(pairs.get((before, after), ()))


Runs = tuple[LayerRun, LayerRun]
Sets = Mapping[str, "BitMap"]


def _find_runs(layering: Layering, day: int, until: int | None = None) -> Runs | None:
    before, after = layers.latest_run(layering, day), layers.latest_run(layering, until)
    if before is None or after is None or before.pk >= after.pk:
        return None
    # One object for both, as rules of cells name the layering.
    before.layering = after.layering = layering
    return before, after


def _visible_sets(run: LayerRun, by: Staff, at: datetime) -> Sets:
    sets = layers.load_sets(run)
    if by.scope is None:
        return sets
    # Applied to the sets and not to the sizes, as sizes alone would reveal members
    # outside the scope.
    visible = visibility.visible_people(by=by, at=at)
    return {layer: people & visible for layer, people in sets.items()}


def _counted_people(by: Staff, at: datetime) -> BitMap:
    """Those whom numbers count: people, not accounts, and nobody who works here."""
    return audiences.people(
        community=by.community, rule=visibility.ALL_INCLUDING_FORMER, by=by, at=at
    )


def _people_by_pair(before: Sets, after: Sets, counted: BitMap) -> dict[Pair, BitMap]:
    return layers.sets_by_pair(
        *(
            {layer: people & counted for layer, people in sets.items()}
            for sets in (before, after)
        )
    )


def _count_others(sets: Sets, counted: BitMap) -> dict[str, int]:
    others = {layer: len(people - counted) for layer, people in sets.items()}
    return {layer: size for layer, size in others.items() if size}

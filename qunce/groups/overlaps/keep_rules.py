"""Which groups a person leaves, by the keep rule of a set. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from qunce.groups.overlaps.models import KeepRule
from qunce.groups.overlaps.overlap_sets import Pair, pair


@dataclass(frozen=True)
class Place:
    """One group that a person is in.

    `is_fixed` says that they stay in any case: they have a role there, or are exempt.
    `messages` are those of the last four weeks.
    """

    group: int
    joined_at: int
    messages: int = 0
    is_fixed: bool = False


@dataclass(frozen=True)
class Departure:
    group: int
    kept: int


def plan(
    places: Sequence[Place],
    keep: KeepRule,
    *,
    chosen: int | None = None,
    allowed: Collection[Pair] = (),
) -> list[Departure]:
    """What a person leaves, and for which group, so that no two that are left overlap.

    Groups where they stay in any case are kept even if they overlap with one another.
    """
    ordered = sorted(places, key=lambda place: _rank(place, keep, chosen))
    kept: list[int] = [place.group for place in ordered if place.is_fixed]
    departures = []
    for place in ordered:
        if place.is_fixed:
            continue
        other = next(
            (group for group in kept if pair(group, place.group) not in allowed), None
        )
        if other is None:
            kept.append(place.group)
        else:
            departures.append(Departure(place.group, other))
    return departures


def _rank(place: Place, keep: KeepRule, chosen: int | None) -> tuple[int, int, int]:
    """The lowest is kept; of equals, that which they joined first."""
    first = 0
    if keep == KeepRule.LATEST:
        first = -place.joined_at
    elif keep == KeepRule.CHOSEN:
        first = int(place.group != chosen)
    elif keep == KeepRule.MOST_ACTIVE:
        first = -place.messages
    return first, place.joined_at, place.group

"""Laying everyone out: each person in exactly one layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.members.layers import specs as layer_specs
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.core.staff.models import Staff

    Ints = NDArray[np.int64]
    Summed = Callable[[Community, Mapping[str, Any], datetime], tuple[Ints, Ints]]

EVERYONE: Mapping[str, Any] = {"all": []}
MIN_PEOPLE = 20
MIN_GAPS = 3
"""How many have to have bought how often before their gaps speak for all."""
MAX_GAP_DAYS = 1_000


@dataclass(frozen=True)
class Assignment:
    """Disjoint sets that make up everyone present; `found` are bounds from the data."""

    sets: dict[str, BitMap]
    bounds: dict[str, int]


def assign_layers(
    *,
    community: Community,
    spec: Mapping[str, Any],
    at: datetime,
    sums: Summed | None = None,
) -> Assignment:
    """`summed` gives people and their sums where the truth of this moment is not asked."""
    everyone = _people(community, EVERYONE, at)
    if spec["by"] == "measure":
        return _by_measure(spec, everyone, (sums or _sums)(community, spec, at))
    return _by_rules(community, spec, everyone, at)


def preview_sizes(
    *, spec: Mapping[str, Any], by: Staff, at: datetime
) -> tuple[dict[str, int], dict[str, int]]:
    """How large the layers of a spec would be for this operator, and the bounds found.

    Nothing is kept, and sums of facts may be a minute old: thresholds are moved by hand.
    """
    layer_specs.check(spec)
    layout = assign_layers(community=by.community, spec=spec, at=at, sums=_recent)
    if by.scope is None:
        return {key: len(some) for key, some in layout.sets.items()}, layout.bounds
    everyone = audiences.freeze(community=by.community, rule=EVERYONE, by=by, at=at)
    seen = bitmaps.from_bytes(everyone)
    return {key: len(some & seen) for key, some in layout.sets.items()}, layout.bounds


CACHE_AGE = timedelta(minutes=1)
_kept: dict[Hashable, tuple[datetime, tuple[Ints, Ints]]] = {}
MAX_CACHED = 4


def _recent(
    community: Community, spec: Mapping[str, Any], at: datetime
) -> tuple[Ints, Ints]:
    kinds = tuple(sorted(spec["kinds"].items()))
    key = (community.pk, kinds, spec.get("within"), community.day(at))
    found = _kept.get(key)
    if found is not None and at - found[0] < CACHE_AGE:
        return found[1]
    summed = _sums(community, spec, at)
    while len(_kept) >= MAX_CACHED:
        _kept.pop(next(iter(_kept)), None)
    _kept[key] = (at, summed)
    return summed


def _sums(
    community: Community, spec: Mapping[str, Any], at: datetime
) -> tuple[Ints, Ints]:
    from qunce.sets import timelines  # loads DuckDB, which most verbs do without

    within = layer_specs.parse_days(spec.get("within"))
    return timelines.sum_by_person(
        community=community, kinds=spec["kinds"], at=at, within=within
    )


def _people(community: Community, rule: Any, at: datetime) -> BitMap:
    by = staff_models.system(community)
    return bitmaps.from_bytes(
        audiences.freeze(community=community, rule=rule, by=by, at=at)
    )


def _by_rules(
    community: Community, spec: Mapping[str, Any], everyone: BitMap, at: datetime
) -> Assignment:
    found = typical_gaps(community, spec["gaps"], at) if spec.get("gaps") else {}
    remaining, sets = everyone, {}
    for layer in spec["layers"][:-1]:
        rule = layer_specs.fill_placeholders(layer["rule"], found)
        sets[layer["key"]] = _people(community, rule, at) & remaining
        remaining = remaining - sets[layer["key"]]
    sets[spec["layers"][-1]["key"]] = remaining
    return Assignment(sets, found)


def _by_measure(
    spec: Mapping[str, Any], everyone: BitMap, summed: tuple[Ints, Ints]
) -> Assignment:
    people, sums = summed
    here = np.isin(people, bitmaps.array_of(everyone), assume_unique=True)
    people, sums = people[here], sums[here]
    remaining, sets, found = everyone, {}, {}
    for layer in spec["layers"][:-1]:
        least = threshold_of(layer, sums, len(everyone))
        found[layer["key"]] = least
        chosen = bitmaps.of(people[sums >= least])
        if least <= 0:  # who has no such fact has 0
            chosen = chosen | (everyone - bitmaps.of(people))
        sets[layer["key"]] = chosen & remaining
        remaining = remaining - chosen
    sets[spec["layers"][-1]["key"]] = remaining
    return Assignment(sets, found)


def threshold_of(layer: Mapping[str, Any], sums: Ints, everyone: int) -> int:
    """The least sum that is in. Equals are never parted: at the cut all go in."""
    if "gte" in layer:
        return int(layer["gte"])
    wanted = math.ceil(layer_specs.parse_share(layer["top"]) * everyone)
    positive = np.sort(sums[sums > 0])
    return int(positive[-wanted]) if 0 < wanted <= len(positive) else 1


def typical_gaps(
    community: Community, spec: Mapping[str, Any], at: datetime
) -> dict[str, int]:
    """Days that members usually let pass: over members, the median and the 90th percentile
    of each one's own 90th percentile."""
    from qunce.sets import timelines  # as above

    people, gaps = timelines.gaps_by_person(
        community=community,
        kind=spec["kind"],
        at=at,
        within=layer_specs.parse_days(spec.get("within")),
    )
    own = np.sort(_own_gaps(people, gaps))
    if len(own) < MIN_PEOPLE:
        return {"median": spec["median"], "long": spec["long"]}
    median, long = (_ranked(own, share) for share in (0.5, 0.9))
    return {"median": median, "long": min(max(long, median + 1), MAX_GAP_DAYS)}


def _own_gaps(people: Ints, gaps: Ints) -> Ints:
    """Each one's 90th percentile (nearest rank), of those with enough gaps."""
    order = np.lexsort((gaps, people))
    people, gaps = people[order], gaps[order]
    _unique, first, times = np.unique(people, return_index=True, return_counts=True)
    enough = times >= MIN_GAPS
    rank = np.ceil(times * 0.9).astype(np.int64) - 1
    return np.asarray(gaps[(first + rank)[enough]], dtype=np.int64)


def _ranked(ordered: Ints, share: float) -> int:
    """The nearest-rank percentile of an ascending array, between 1 and the longest."""
    place = math.ceil(len(ordered) * share) - 1
    return min(max(int(ordered[place]), 1), MAX_GAP_DAYS)

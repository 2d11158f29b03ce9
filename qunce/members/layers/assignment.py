"""Assignment of every present person to exactly one layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.members.layers import layering_specs as layer_specs
from qunce.sets import audiences, ranking
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.core.staff.models import Staff

    Ints = NDArray[np.int64]
    SumFacts = Callable[[Community, Mapping[str, Any], datetime], "Sums"]

MIN_PEOPLE = 20
MIN_GAPS = 3
"""Typical gaps are computed from at least MIN_PEOPLE people with MIN_GAPS gaps each."""
MAX_GAP_DAYS = 1_000


@dataclass(frozen=True)
class Assignment:
    """Layer → its people, disjoint sets that contain everyone present.

    `bounds` are the thresholds computed from the data. `unrated` are the currencies
    without an exchange rate, whose money was compared only with itself. `taken` are those
    whom a layer's rule matches and an earlier layer has.
    """

    sets: dict[str, BitMap]
    bounds: dict[str, int]
    unrated: tuple[str, ...] = ()
    taken: dict[str, BitMap] = field(default_factory=dict)


@dataclass(frozen=True)
class Sums:
    """People and the sums of their facts, in the community's currency.

    `unrated` are those in currencies without an exchange rate, which cannot be added.
    """

    people: Ints
    values: Ints
    unrated: Mapping[str, tuple[Ints, Ints]]


def assign_layers(
    *,
    community: Community,
    spec: Mapping[str, Any],
    at: datetime,
    sum_facts: SumFacts | None = None,
) -> Assignment:
    """Assign everyone present by a checked spec.

    `sum_facts` replaces the exact sums, for callers that accept slightly older ones.
    """
    everyone = _find_people(community, audiences.EVERYONE, at)
    if spec["by"] == "measure":
        sums = (sum_facts or _sum_facts)(community, spec, at)
        return divide_by_measure(spec, everyone, sums)
    bounds = typical_gaps(community, spec["gaps"], at) if spec.get("gaps") else {}
    matching = {
        layer["key"]: _find_people(
            community, layer_specs.rule_of(layer, spec, bounds), at
        )
        for layer in spec["layers"][:-1]
    }
    sets, taken = divide_in_order(everyone, matching, rest=spec["layers"][-1]["key"])
    return Assignment(sets, bounds, taken=taken)


def divide_in_order(
    everyone: BitMap, matching: Mapping[str, BitMap], *, rest: str
) -> tuple[dict[str, BitMap], dict[str, BitMap]]:
    """Put everyone into the first layer whose people they are among, else into `rest`.

    Returns the layers, and for each those whom an earlier one has. The layers are disjoint
    and complete, as each takes from what the earlier ones left.
    """
    remaining, sets, taken = everyone, {}, {}
    for layer, people in matching.items():
        sets[layer] = people & remaining
        taken[layer] = (people & everyone) - remaining
        remaining = remaining - people
    return sets | {rest: remaining}, taken


def complete_rules(spec: Mapping[str, Any]) -> list[Any]:
    # The real gaps are known only at a run; any will do to check the rules.
    return [
        layer_specs.rule_of(layer, spec, {})
        for layer in spec["layers"]
        if "rule" in layer
    ]


def check_rules(community: Community, spec: Mapping[str, Any]) -> None:
    """Raise RuleError for an invalid rule, or if all of them together cost too much."""
    rules = complete_rules(spec)
    for rule in rules:
        audiences.check(community=community, rule=rule)
    audiences.check(community=community, rule={"any": rules})


@dataclass(frozen=True)
class Preview:
    """Visible people by layer, those whom an earlier layer has, and the thresholds."""

    sizes: dict[str, int]
    taken: dict[str, int]
    bounds: dict[str, int]


def preview_sizes(*, spec: Mapping[str, Any], by: Staff, at: datetime) -> Preview:
    """The sizes that a spec would give, without storing anything.

    Sums of facts may be a minute old, so that moving a threshold is fast. Raises
    InvalidLayering, and RuleError for a rule.
    """
    layer_specs.check(spec)
    check_rules(by.community, spec)
    assigned = assign_layers(
        community=by.community, spec=spec, at=at, sum_facts=_sum_facts_cached
    )
    visible = None
    if by.scope is not None:
        visible = audiences.people(
            community=by.community, rule=audiences.EVERYONE, by=by, at=at
        )

    def count(sets: Mapping[str, BitMap]) -> dict[str, int]:
        return {
            layer: len(people if visible is None else people & visible)
            for layer, people in sets.items()
        }

    return Preview(count(assigned.sets), count(assigned.taken), assigned.bounds)


CACHE_AGE = timedelta(minutes=1)
MAX_CACHED = 4
_cached_sums: dict[Hashable, tuple[datetime, Sums]] = {}


def _sum_facts_cached(
    community: Community, spec: Mapping[str, Any], at: datetime
) -> Sums:
    kinds = tuple(sorted(spec["kinds"].items()))
    # Without thresholds: they are what staff move while they look at the preview.
    key = (community.pk, kinds, spec.get("within"), community.day(at))
    cached = _cached_sums.get(key)
    if cached is not None and at - cached[0] < CACHE_AGE:
        return cached[1]
    sums = _sum_facts(community, spec, at)
    # The oldest first; another thread may already have removed it.
    while len(_cached_sums) >= MAX_CACHED:
        _cached_sums.pop(next(iter(_cached_sums)), None)
    # Without a lock, as two threads would only compute the same sums twice.
    _cached_sums[key] = (at, sums)
    return sums


def _sum_facts(community: Community, spec: Mapping[str, Any], at: datetime) -> Sums:
    from qunce.sets import timelines  # imports DuckDB, which most verbs do not need

    query: dict[str, Any] = {
        "community": community,
        "kinds": spec["kinds"],
        "at": at,
        "within": layer_specs.parse_days(spec.get("within")),
    }
    people, values = timelines.sum_by_person(**query)
    return Sums(people, values, timelines.left_out_by_person(**query))


def _find_people(community: Community, rule: Any, at: datetime) -> BitMap:
    by = staff_models.system(community)
    return audiences.people(community=community, rule=rule, by=by, at=at)


def divide_by_measure(
    spec: Mapping[str, Any], everyone: BitMap, sums: Sums
) -> Assignment:
    """Put everyone into the first layer whose threshold they reach, else into the last."""
    people, values = _only(everyone, sums.people, sums.values)
    unrated = {
        currency: _only(everyone, *part) for currency, part in sums.unrated.items()
    }
    unrated = {code: part for code, part in unrated.items() if (part[1] > 0).any()}
    if unrated:
        # Only then, as ranking takes longer than the rest.
        parts = [(people, values), *unrated.values()]
        ranked, shares = ranking.rank_parts(
            [(some[paid > 0], paid[paid > 0]) for some, paid in parts]
        )
    remaining, sets, bounds = everyone, {}, {}
    for layer in spec["layers"][:-1]:
        threshold = threshold_of(layer, values, len(everyone))
        chosen = bitmaps.of(people[values >= threshold])
        if unrated and "top" in layer:
            share = layer_specs.parse_share(layer["top"])
            best = np.sort(shares)[: math.ceil(share * len(everyone))]
            chosen = bitmaps.of(ranked[shares <= best.max(initial=-1)])
            own = values[np.isin(people, bitmaps.array_of(chosen)) & (values > 0)]
            threshold = int(own.min()) if len(own) else threshold
        bounds[layer["key"]] = threshold
        if threshold <= 0:  # people without such a fact have the sum 0
            chosen = chosen | (everyone - bitmaps.of(people))
        # Thresholds need not descend, so who is in an earlier layer is taken out here.
        sets[layer["key"]] = chosen & remaining
        remaining = remaining - chosen
    sets[spec["layers"][-1]["key"]] = remaining
    return Assignment(sets, bounds, tuple(sorted(unrated)))


def _only(everyone: BitMap, people: Ints, values: Ints) -> tuple[Ints, Ints]:
    present = np.isin(people, bitmaps.array_of(everyone), assume_unique=True)
    return people[present], values[present]


def threshold_of(layer: Mapping[str, Any], sums: Ints, everyone: int) -> int:
    """The least sum of a layer's people.

    People with equal sums are in the same layer, so a top share may be exceeded.
    """
    if "gte" in layer:
        return int(layer["gte"])
    count = math.ceil(layer_specs.parse_share(layer["top"]) * everyone)
    positive = np.sort(sums[sums > 0])
    return int(positive[-count]) if 0 < count <= len(positive) else 1


def typical_gaps(
    community: Community, spec: Mapping[str, Any], at: datetime
) -> dict[str, int]:
    """Days between two facts of a member: `median` and `long` (90th percentile).

    Both are percentiles over members of each member's own 90th percentile. The
    defaults of the spec are returned if too few members have enough gaps.
    """
    from qunce.sets import timelines  # imports DuckDB, which most verbs do not need

    # Everyone's gaps in one query. The 90th percentile of a member says more than the
    # mean, which one long break distorts.
    people, gaps = timelines.gaps_by_person(
        community=community,
        kind=spec["kind"],
        at=at,
        within=layer_specs.parse_days(spec.get("within")),
    )
    # Without the people who work here, whose purchases are not a member's.
    members = _find_people(community, {"with_left": audiences.EVERYONE}, at)
    counted = np.isin(people, bitmaps.array_of(members))
    people, gaps = people[counted], gaps[counted]
    # The 90th percentile (nearest rank) of each person with enough gaps.
    order = np.lexsort((gaps, people))
    people, gaps = people[order], gaps[order]
    _unique, first, count = np.unique(people, return_index=True, return_counts=True)
    enough = count >= MIN_GAPS
    rank = np.ceil(count * 0.9).astype(np.int64) - 1
    own = np.sort(np.asarray(gaps[(first + rank)[enough]], dtype=np.int64))
    if len(own) < MIN_PEOPLE:
        return {"median": spec["median"], "long": spec["long"]}
    # Again by the nearest rank.
    ranks = [math.ceil(len(own) * share) - 1 for share in (0.5, 0.9)]
    median, long = np.clip(own[ranks], 1, MAX_GAP_DAYS).tolist()
    return {"median": median, "long": min(max(long, median + 1), MAX_GAP_DAYS)}

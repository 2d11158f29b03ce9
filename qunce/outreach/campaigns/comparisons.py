"""Comparisons of a campaign: recipients with the hold-out, variants with its own text.

The people of each side were drawn by chance and frozen at the start. Everyone who was
drawn counts, whether a message reached them or not. The intervals are right however often
somebody looks, see `insight.experiments`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from qunce.insight.experiments import (
    arms,
    effects,
    power,
    sample_ratio,
    sequential,
    verdicts,
)
from qunce.insight.experiments.arms import Arm, Values
from qunce.insight.experiments.verdicts import Verdict
from qunce.outreach.campaigns import effects as campaign_effects
from qunce.outreach.campaigns import variants
from qunce.outreach.campaigns.models import Campaign, Target
from qunce.sets import person_arrays
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyroaring import BitMap

    Facts = Mapping[str, tuple[NDArray[np.int64], NDArray[np.int64]]]

WINDOW = timedelta(days=7)
"""Orders and losses of this time after the start count."""
BEFORE = timedelta(days=28)
"""The orders of this time before the start explain a part of those after it."""
ORDERED = campaign_effects.GAINS["ordered"]
GUARDRAILS = campaign_effects.LOSSES


@dataclass(frozen=True)
class Side:
    """People of one side, and how many of them ordered."""

    name: str
    size: int
    ordered: int

    @property
    def percent(self) -> float:
        return 100 * self.ordered / self.size if self.size else 0.0


@dataclass(frozen=True)
class Comparison:
    """A side of a campaign, and what it is compared with.

    The side's name is that of a variant, or "" for all recipients; `control` is the
    hold-out for all recipients, and the campaign's own text for a variant. `difference`,
    `low` and `high` are percentage points of members who ordered; the ends are None
    while nothing is known about the spread. `harmed` names guardrails that rose.
    """

    treated: Side
    control: Side
    difference: float
    low: float | None
    high: float | None
    verdict: Verdict
    harmed: tuple[str, ...]

    @property
    def is_of_hold_out(self) -> bool:
        return not self.treated.name


def measure(campaign: Campaign, at: datetime) -> list[Comparison]:
    """The comparisons of a started campaign to members, that with the hold-out first."""
    start = campaign.started_at
    if campaign.target == Target.GROUPS or start is None:
        return []
    parts, held_out = variants.load(campaign), variants.load_held_out(campaign.pk)
    pairs = list(_list_pairs(campaign, parts, held_out))
    if not pairs:
        return []
    after = person_arrays.fact_times(
        community=campaign.community,
        kinds=[ORDERED, *GUARDRAILS.values()],
        since=start,
        until=min(start + WINDOW, at),
        at=at,
    )
    before = _orders_before(campaign, start, at)
    return [_compare(pair, after, before) for pair in pairs]


@dataclass(frozen=True)
class Sensitivity:
    """The smallest difference, in percentage points, that a comparison is sure to show.

    Four of five such differences are found within the window.
    """

    name: str
    size: int
    control_size: int
    points: float


def foresee(
    campaign: Campaign, parts: variants.Parts, held_out: BitMap, at: datetime
) -> list[Sensitivity]:
    """What the comparisons of a campaign could show if it started now."""
    if campaign.target == Target.GROUPS:
        return []
    pairs = list(_list_pairs(campaign, parts, held_out))
    if not pairs:
        return []
    before = _orders_before(campaign, at, at)
    return [
        Sensitivity(
            pair.name,
            len(pair.treated),
            len(pair.control),
            100
            * power.smallest_effect(
                treated=len(pair.treated),
                control=len(pair.control),
                variance=_variance(pair, before),
            ),
        )
        for pair in pairs
    ]


def _orders_before(campaign: Campaign, start: datetime, at: datetime) -> Facts:
    return person_arrays.fact_times(
        community=campaign.community,
        kinds=[ORDERED],
        since=start - BEFORE,
        until=start,
        at=at,
    )


@dataclass(frozen=True)
class Pair:
    """Two sides that were drawn by chance, with the shares that they were drawn by."""

    name: str
    treated: BitMap
    control: BitMap
    shares: tuple[float, float] | None


def _list_pairs(
    campaign: Campaign, parts: variants.Parts, held_out: BitMap
) -> Iterator[Pair]:
    if held_out:
        # The community's share may have changed since, so that none is known for sure.
        yield Pair("", bitmaps.union(parts.values()), held_out, None)
    by_chance = [each for each in variants.of(campaign) if each.rule is None]
    rest = 100 - sum(each.share for each in by_chance)
    control = parts.get(variants.EVERYONE_ELSE, bitmaps.of([]))
    for each in by_chance:
        treated = parts.get(each.name, bitmaps.of([]))
        if treated and control:
            yield Pair(each.name, treated, control, (each.share, rest))


def _compare(pair: Pair, after: Facts, before: Facts) -> Comparison:
    earlier = _numbers_of(before[ORDERED][0])
    outcome = _once(after[ORDERED][0])
    treated = arms.measure(pair.treated, outcome, earlier)
    control = arms.measure(pair.control, outcome, earlier)
    # Fixed before the start, as it comes from what was known by then.
    planned = _planned_error(pair, before)
    effect = effects.adjusted_difference(treated, control)
    interval = sequential.interval(effect, planned)
    guardrails = {
        name: _interval_of(pair, _once(after[kind][0]), planned)
        for name, kind in GUARDRAILS.items()
    }
    verdict, harmed = verdicts.decide(
        primary=interval, guardrails=guardrails, is_broken=_is_broken(pair)
    )
    return Comparison(
        _side(pair.name, treated),
        _side("", control),
        100 * effect.difference,
        interval_points(interval.low),
        interval_points(interval.high),
        verdict,
        tuple(harmed),
    )


def _interval_of(pair: Pair, outcome: Values, planned: float) -> sequential.Interval:
    treated = arms.measure(pair.treated, outcome)
    control = arms.measure(pair.control, outcome)
    return sequential.interval(effects.difference(treated, control), planned)


def _is_broken(pair: Pair) -> bool:
    sizes = len(pair.treated), len(pair.control)
    return pair.shares is not None and sample_ratio.is_broken(sizes, pair.shares)


def _planned_error(pair: Pair, before: Facts) -> float:
    """The standard error to expect at the end of the window."""
    return power.planned_error(
        treated=len(pair.treated),
        control=len(pair.control),
        variance=_variance(pair, before),
    )


def _variance(pair: Pair, before: Facts) -> float:
    """The variance to expect, if as many order as in a window before the start."""
    people = pair.treated | pair.control
    buyers = len(people & bitmaps.of(before[ORDERED][0]))
    windows = BEFORE / WINDOW
    share = min(max(buyers / len(people) / windows, 1 / len(people)), 0.5)
    return share * (1 - share)


def _once(people: NDArray[np.int64]) -> Values:
    ids = np.unique(people)
    return Values(ids, np.ones(len(ids)))


def _numbers_of(people: NDArray[np.int64]) -> Values:
    ids, numbers = np.unique(people, return_counts=True)
    return Values(ids, numbers.astype(np.float64))


def _side(name: str, arm: Arm) -> Side:
    return Side(name, arm.size, round(arm.mean * arm.size))


def interval_points(share: float) -> float | None:
    return None if math.isinf(share) else 100 * share

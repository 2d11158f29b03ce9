"""Communities of daily counts, with their days shuffled or with a drop planted in them.

Forty groups of 30 to 500 people: 8 to 30 % of them are active on a day and write 2 to 6
messages each; all groups share good and bad days, and each has its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from qunce.insight.findings import contributions, detection, rhythm
from qunce.insight.findings.contributions import Dimension, Part
from qunce.insight.findings.detection import Detection, Question
from qunce.insight.findings.rhythm import DOWN, UP, Counts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Series = dict[str, Floats]

GROUPS = 40
DROP_DAYS = 3
OWN_NOISE, SHARED_NOISE = 0.07, 0.08
"""Standard deviations of the good and bad days, as shares."""
LEFT, JOINED = 0.003, 0.004
"""Shares of a group that leave and join on a day."""
QUESTIONS = 4 * GROUPS + 4


@dataclass(frozen=True)
class World:
    """`series` has one row per group; `active` is the mean of active members per day."""

    series: Series
    sizes: Floats
    rates: Floats

    @property
    def active(self) -> Floats:
        return self.sizes * self.rates


def build(rng: np.random.Generator) -> World:
    days = rhythm.DAYS_NEEDED
    sizes = np.clip(rng.lognormal(np.log(200), 0.5, GROUPS), 30, 500).round()
    rates = rng.uniform(0.08, 0.3, GROUPS)
    week = rng.uniform(0.75, 1.25, 7)[np.arange(days) % 7]
    shared = np.exp(rng.normal(0, SHARED_NOISE, days))
    own = np.exp(rng.normal(0, OWN_NOISE, (GROUPS, days)))
    chance = np.minimum(rates[:, None] * week * shared * own, 0.9)
    active = rng.binomial(sizes.astype(int)[:, None], chance)
    further = rng.uniform(1, 5, GROUPS)[:, None] * np.ones((1, days))
    messages = active + rng.negative_binomial(np.maximum(active, 1), 1 / (1 + further))
    ones = np.ones((GROUPS, days))
    series = {
        "active_members": active,
        "messages": np.where(active > 0, messages, 0),
        "leaves": rng.poisson(sizes[:, None] * LEFT * ones),
        "joins": rng.poisson(sizes[:, None] * JOINED * ones * shared),
    }
    made = {name: numbers.astype(np.float64) for name, numbers in series.items()}
    return World(made, sizes, rates)


def shuffle(world: World, rng: np.random.Generator) -> World:
    """The same days in another order, each weekday among its own."""
    order = np.arange(rhythm.DAYS_NEEDED)
    for weekday in range(7):
        own = np.arange(weekday, len(order), 7)
        order[own] = rng.permutation(own)
    series = {name: numbers[:, order] for name, numbers in world.series.items()}
    return World(series, world.sizes, world.rates)


def plant(world: World, group: int, drop: float, rng: np.random.Generator) -> None:
    """Let each message and each visit of the last days be missing by chance."""
    for name in ("active_members", "messages"):
        numbers = world.series[name]
        last = numbers[group, -DROP_DAYS:].astype(int)
        numbers[group, -DROP_DAYS:] = rng.binomial(last, 1 - drop)


def questions(world: World) -> Iterator[Question]:
    """The questions that `findings` asks, of the groups and of the community."""
    usable = np.ones(rhythm.DAYS_NEEDED, dtype=bool)
    groups, whole = {}, {}
    for name, numbers in world.series.items():
        factors = rhythm.factors_of_rest(numbers, usable)
        groups[name] = Counts.of(numbers, factors=factors)
        whole[name] = Counts.of(numbers.sum(axis=0))
    for level, counts in (("group", groups), ("community", whole)):
        activity = {name: counts[name] for name in ("messages", "active_members")}
        yield Question(f"{level}:activity", DOWN, activity)
        yield Question(f"{level}:leaves", UP, {"leaves": counts["leaves"]})
        for direction in (DOWN, UP):
            yield Question(f"{level}:joins", direction, {"joins": counts["joins"]})


def find(world: World) -> tuple[Detection, ...]:
    return detection.detect(list(questions(world))).found


def count_false_reports(reports: int, rng: np.random.Generator) -> int:
    """How many of the reports about shuffled communities have a finding."""
    return sum(bool(find(shuffle(build(rng), rng))) for _ in range(reports))


def named_groups(world: World, found: Detection) -> tuple[int, ...]:
    """The group of a finding, or the groups that explain one of the community."""
    if found.question.name.startswith("group"):
        return (found.row,)
    counts = found.question.metrics[found.metric]
    change = rhythm.find_change(counts, 0, direction=found.question.direction)
    numbers = world.series[found.metric]
    parts = [
        Part(
            str(group),
            str(group),
            Fraction(float((own * change.weights).sum())),
            Fraction(float(own[change.since :].sum())),
        )
        for group, own in enumerate(numbers)
    ]
    cause = contributions.explain(
        expected=Fraction(change.expected),
        observed=Fraction(change.observed),
        dimensions=[Dimension("group", "", "", tuple(parts))],
    )
    return () if cause is None else tuple(int(part.key) for part in cause.leading)


@dataclass(frozen=True)
class Quality:
    """Of planted drops: found with the right part, reports whose first finding is right.

    `best` is what a test reaches that knows the true mean and noise of the group.
    """

    recall: float
    right_part: float
    best: float


def measure(
    *, drop: float, reports: int, is_largest: bool, rng: np.random.Generator
) -> Quality:
    hits, rights, any_found, best = 0, 0, 0, 0.0
    for _ in range(reports):
        world = build(rng)
        group = int(rng.integers(GROUPS))
        if is_largest:
            group = int(np.argmax(world.active))
        best += _best_power(world, group, drop)
        plant(world, group, drop, rng)
        named = [named_groups(world, found) for found in find(world)]
        hits += (group,) in named
        any_found += bool(named)
        rights += bool(named) and named[0] == (group,)
    return Quality(hits / reports, rights / max(any_found, 1), best / reports)


def _best_power(world: World, group: int, drop: float) -> float:
    """The power of a test of active members with known noise, among all questions."""
    mean = DROP_DAYS * world.active[group]
    variance = (
        mean * (1 - world.rates[group])
        + DROP_DAYS * (OWN_NOISE * world.active[group]) ** 2
    )
    limit = stats.norm.isf(detection.FALSE_DISCOVERY_RATE / QUESTIONS)
    return float(stats.norm.sf(limit - drop * mean / np.sqrt(variance)))

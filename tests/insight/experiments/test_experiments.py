from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from qunce.insight.experiments import (
    arms,
    effects,
    power,
    sample_ratio,
    sequential,
    verdicts,
)
from qunce.insight.experiments.arms import Arm, Values
from qunce.insight.experiments.sequential import Interval
from qunce.insight.experiments.verdicts import Verdict
from tests.insight.experiments import samples
from tests.insight.experiments.recorded_answers import GBSTATS, TEA_TASTING

AMOUNTS = st.dictionaries(
    st.integers(0, 30), st.integers(-50, 400).map(float), max_size=20
)
PEOPLE = st.sets(st.integers(0, 30), min_size=2).map(BitMap)


def values(amounts: dict[int, float]) -> Values:
    ids = sorted(amounts)
    return Values(np.array(ids, dtype=np.int64), np.array([amounts[i] for i in ids]))


def column(name: str) -> Values:
    return values({i: getattr(p, name) for i, p in enumerate(samples.people())})


def arm(y: str, x: str = "before", *, treated: bool) -> Arm:
    assigned = BitMap(
        i for i, person in enumerate(samples.people()) if person.treated == treated
    )
    return arms.measure(assigned, column(y), column(x))


@given(people=PEOPLE, y=AMOUNTS, x=AMOUNTS)
def test_an_arm_counts_everybody_who_was_assigned(
    people: BitMap, y: dict[int, float], x: dict[int, float]
) -> None:
    ys = [y.get(person, 0.0) for person in people]
    xs = [x.get(person, 0.0) for person in people]
    measured = arms.measure(people, values(y), values(x))
    assert measured.size == len(people)
    assert measured.mean == pytest.approx(np.mean(ys), abs=1e-9)
    assert measured.variance == pytest.approx(np.var(ys, ddof=1), abs=1e-6)
    assert measured.x_variance == pytest.approx(np.var(xs, ddof=1), abs=1e-6)
    assert measured.covariance == pytest.approx(np.cov(ys, xs)[0, 1], abs=1e-6)


@given(people=st.sets(st.integers(0, 30), min_size=4).map(sorted), y=AMOUNTS, x=AMOUNTS)
def test_pooled_arms_are_the_arm_of_all(
    people: list[int], y: dict[int, float], x: dict[int, float]
) -> None:
    y_values, x_values = values(y), values(x)
    first, second, both = (
        arms.measure(BitMap(part), y_values, x_values)
        for part in (people[:2], people[2:], people)
    )
    pooled = arms.pool(first, second)
    for field in ("size", "mean", "variance", "x_mean", "x_variance", "covariance"):
        assert getattr(pooled, field) == pytest.approx(getattr(both, field), abs=1e-6)


def our_effects() -> dict[str, effects.Effect]:
    return {
        "spend": effects.difference(
            arm("spend", treated=True), arm("spend", treated=False)
        ),
        "cuped": effects.adjusted_difference(
            arm("spend", treated=True), arm("spend", treated=False)
        ),
    }


@pytest.mark.parametrize("answers", [TEA_TASTING, GBSTATS], ids=["tea", "gbstats"])
def test_effects_equal_those_of_other_libraries(
    answers: dict[str, tuple[float, float]],
) -> None:
    for name, effect in our_effects().items():
        difference, statistic = answers[name]
        assert effect.difference == pytest.approx(difference, rel=1e-9), name
        assert effect.difference / effect.standard_error == pytest.approx(
            statistic, rel=1e-9
        ), name


@pytest.mark.parametrize("planned_error", samples.PLANNED_ERRORS)
@pytest.mark.parametrize("name", ["spend", "cuped"])
def test_sequential_intervals_equal_those_of_gbstats(
    name: str, planned_error: float
) -> None:
    interval = sequential.interval(our_effects()[name], planned_error)
    expected = GBSTATS[f"{name} planned {planned_error:g}"]
    assert (interval.low, interval.high) == pytest.approx(expected, rel=1e-9)


def test_cuped_reduces_the_variance_by_the_squared_correlation() -> None:
    draw = np.random.default_rng(3)
    size = 20_000
    before = draw.gamma(2, 10, size)
    spend = before * 0.8 + draw.normal(0, 12, size)
    halves = BitMap(range(size // 2)), BitMap(range(size // 2, size))
    ids = np.arange(size, dtype=np.int64)
    treated, control = (
        arms.measure(half, Values(ids, spend), Values(ids, before)) for half in halves
    )
    plain = effects.difference(treated, control).standard_error
    adjusted = effects.adjusted_difference(treated, control).standard_error
    correlation = np.corrcoef(before, spend)[0, 1]
    assert (adjusted / plain) ** 2 == pytest.approx(1 - correlation**2, abs=0.02)


def test_leaving_out_the_unsent_changes_the_result() -> None:
    # The skipped people of the treated arm are those who buy least.
    buyers = values(dict.fromkeys(range(50, 200), 10.0))
    treated, control = BitMap(range(100)), BitMap(range(100, 200))
    sent = BitMap(range(50, 100))
    control_arm = arms.measure(control, buyers)
    of_sent = effects.difference(arms.measure(sent, buyers), control_arm)
    of_assigned = effects.difference(arms.measure(treated, buyers), control_arm)
    assert of_sent.difference == 0
    assert of_assigned.difference == -5


def test_daily_looks_find_nothing_where_nothing_is() -> None:
    """2,000 experiments without a difference, looked at on each of 28 days."""
    draw = np.random.default_rng(1)
    runs, days, half = 2_000, 28, 100
    ever = once = 0
    planned = power.planned_error(treated=half, control=half, variance=0.3 * days)
    for _part in range(20):
        orders = draw.poisson(0.3, size=(runs // 20, days, 2 * half)).cumsum(axis=1)
        first, second = orders[..., :half], orders[..., half:]
        distance = np.abs(first.mean(-1) - second.mean(-1))
        errors = np.sqrt((first.var(-1, ddof=1) + second.var(-1, ddof=1)) / half)
        critical = np.vectorize(sequential.critical_value)(errors, planned)
        ever += int((distance > critical * errors).any(axis=1).sum())
        once += int((distance > 1.96 * errors).any(axis=1).sum())
    assert ever <= 0.05 * runs
    # The contrast: with ordinary intervals, more than one in five "finds" something.
    assert once > 0.2 * runs


def test_the_smallest_effect_is_found_as_often_as_promised() -> None:
    size, variance = 400, 9.0
    smallest = power.smallest_effect(treated=size, control=size, variance=variance)
    error = power.planned_error(treated=size, control=size, variance=variance)
    seen = np.random.default_rng(5).normal(smallest, error, 20_000)
    found = np.abs(seen) > sequential.critical_value(error, error) * error
    assert found.mean() == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize(
    ("sizes", "shares", "broken"),
    [
        # Hillstrom's e-mail experiment, as assigned.
        ([21_307, 21_387, 21_306], [1, 1, 1], False),
        ([50_000, 50_000], [1, 1], False),
        ([50_000, 48_500], [1, 1], True),
        ([9_480, 520], [95, 5], False),
        ([9_400, 600], [95, 5], True),
        ([0, 0], [1, 1], False),
        ([0, 40], [1, 1], True),
    ],
)
def test_sample_ratio(sizes: list[int], shares: list[float], broken: bool) -> None:
    assert sample_ratio.is_broken(sizes, shares) is broken


def test_experiments_without_a_difference_rarely_raise_the_alarm() -> None:
    first = np.random.default_rng(7).binomial(20_000, 0.5, 1_000)
    alarms = sum(
        sample_ratio.is_broken([n, 20_000 - n], [1, 1]) for n in first.tolist()
    )
    assert alarms <= 2


BETTER, WORSE, UNCLEAR = Interval(1, 3), Interval(-3, -1), Interval(-1, 2)


@pytest.mark.parametrize(
    ("primary", "guardrails", "is_broken", "verdict", "harmed"),
    [
        (BETTER, {}, False, Verdict.BETTER, []),
        (BETTER, {"left": UNCLEAR}, False, Verdict.BETTER, []),
        (BETTER, {"left": BETTER}, False, Verdict.VETOED, ["left"]),
        (WORSE, {"left": BETTER}, False, Verdict.WORSE, ["left"]),
        (UNCLEAR, {"left": WORSE}, False, Verdict.OPEN, []),
        (BETTER, {"left": BETTER}, True, Verdict.BROKEN, []),
    ],
)
def test_verdicts(
    primary: Interval,
    guardrails: dict[str, Interval],
    is_broken: bool,
    verdict: Verdict,
    harmed: list[str],
) -> None:
    decided = verdicts.decide(
        primary=primary, guardrails=guardrails, is_broken=is_broken
    )
    assert decided == (verdict, harmed)


def test_an_arm_that_shows_nothing_yet_leaves_all_open() -> None:
    empty = arms.measure(BitMap(), arms.NO_VALUES)
    nobody_bought = arms.measure(BitMap(range(10)), arms.NO_VALUES)
    for treated in (empty, nobody_bought):
        effect = effects.difference(treated, nobody_bought)
        interval = sequential.interval(effect, planned_error=0.1)
        assert (interval.low, interval.high) == (-math.inf, math.inf)

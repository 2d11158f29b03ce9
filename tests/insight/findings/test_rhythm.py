"""Expectations from a weekly rhythm: few false alarms, and planted drops are found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from qunce.insight.findings import detection, rhythm
from qunce.insight.findings.detection import Question
from qunce.insight.findings.rhythm import DOWN, UP, Change, Counts

WEEK = np.array([100, 120, 90, 110, 130, 60, 50], dtype=np.float64)


def steady(days: int = 70) -> np.ndarray:
    return WEEK[np.arange(days) % 7]


def p_value(series: np.ndarray, direction: int = DOWN, **options: Any) -> float | None:
    """The p-value of one series; None if there is not enough to say."""
    question = Question("a", direction, {"a": Counts.of(series, **options)})
    found = detection.detect([question], rate=1.0).found
    return found[0].p_value if found else None


def change(series: np.ndarray, direction: int = DOWN, **options: Any) -> Change:
    return rhythm.find_change(Counts.of(series, **options), 0, direction=direction)


def without(*days: int) -> np.ndarray:
    usable = np.ones(70, dtype=bool)
    usable[list(days)] = False
    return usable


def test_a_steady_rhythm_is_no_deviation() -> None:
    found = p_value(steady())
    assert found is not None
    assert found > 0.2


def test_a_drop_is_found_with_its_size_and_its_first_day() -> None:
    series = steady()
    series[-3:] = 20
    found = change(series)
    assert (found.since, found.observed) == (67, 60)
    assert found.expected == pytest.approx(steady()[-3:].sum())
    small = p_value(series)
    assert small is not None
    assert small < 1e-6
    assert p_value(series, UP) == pytest.approx(1, abs=0.1)


def test_what_the_rest_of_the_community_did_is_expected() -> None:
    series, factors = steady(), np.ones(70)
    series[-3:] *= 0.5
    factors[-3:] = 0.5
    alone, beside_the_rest = p_value(series), p_value(series, factors=factors)
    assert alone is not None
    assert beside_the_rest is not None
    assert alone < 1e-6 < 0.2 < beside_the_rest


def test_rest_of_the_community_leaves_out_the_row_itself() -> None:
    series = np.array([steady(), steady(), steady()])
    series[0, -1] = 0
    factors = rhythm.factors_of_rest(series, np.ones(70, dtype=bool))
    assert factors[0, -1] == pytest.approx(1)
    assert factors[1, -1] == pytest.approx(0.5, abs=0.01)


def test_days_left_out_are_compared_with_nothing() -> None:
    series = steady()
    series[-3:] = 0
    found = p_value(series, usable=without(67, 68, 69))
    assert found is not None
    assert found > 0.2
    measured = rhythm.measure(Counts.of(series, usable=without(68, 69)), 0, since=67)
    assert measured.observed == 0
    assert measured.expected == pytest.approx(steady()[67])


@pytest.mark.parametrize("days", [10, 28])
def test_four_comparable_weeks_are_needed(days: int) -> None:
    assert p_value(steady(days)) is None
    assert p_value(steady(days + 28)) is not None


def test_small_counts_are_not_compared() -> None:
    assert p_value(np.floor(steady() / 100)) is None


def test_what_hardly_ever_happened_is_found_when_it_happens_often() -> None:
    series = np.zeros(70)
    series[20] = 1
    series[-3:] = [2, 5, 7]
    found = change(series, UP)
    assert (found.observed, found.since) == (14, 67)
    small = p_value(series, UP)
    assert small is not None
    assert small < 1e-4


def test_weights_give_what_is_expected_of_parts_that_add_up() -> None:
    random = np.random.default_rng(3)
    parts = random.poisson(np.array([steady(), steady() / 2])).astype(np.float64)
    whole = change(parts.sum(axis=0))
    expected = [float((part * whole.weights).sum()) for part in parts]
    assert sum(expected) == pytest.approx(whole.expected)


def test_p_values_of_counts_without_any_change_are_rarely_small() -> None:
    random = np.random.default_rng(5)
    series = random.poisson(np.tile(steady(), (400, 1))).astype(np.float64)
    question = Question("a", DOWN, {"a": Counts.of(series)})
    found = detection.detect([question], rate=1.0).found
    assert len(found) == 400
    assert sum(one.p_value < 0.01 for one in found) <= 10

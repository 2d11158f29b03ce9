"""Expectations from a weekly rhythm: few false alarms, and planted drops are found."""

from __future__ import annotations

import numpy as np
import pytest

from qunce.insight.findings import rhythm

WEEK = np.array([100, 120, 90, 110, 130, 60, 50], dtype=np.float64)


def steady(days: int = 64) -> np.ndarray:
    return WEEK[np.arange(days) % 7]


def test_a_steady_rhythm_is_no_deviation() -> None:
    found = rhythm.find_deviation(steady())
    assert found is not None
    assert (found.change, found.p_value) == (0, 1)


def test_a_drop_is_found_with_its_size_and_its_first_day() -> None:
    series = steady()
    series[-3:] = 20
    found = rhythm.find_deviation(series)
    assert found is not None
    assert (found.days, found.observed) == (3, 60)
    assert found.expected == steady()[-3:].sum()
    assert found.since == len(series) - 3
    assert found.p_value < 1e-6


def test_what_the_rest_of_the_community_did_is_expected() -> None:
    series, factors = steady(), np.ones(64)
    series[-3:] *= 0.5
    factors[-3:] = 0.5
    found = rhythm.find_deviation(series, factors=factors)
    assert found is not None
    assert found.change == pytest.approx(0)


def test_days_left_out_are_compared_with_nothing() -> None:
    series = steady()
    series[-3:] = 0
    found = rhythm.find_deviation(series, left_out={61, 62, 63})
    assert found is not None
    assert (found.change, found.days) == (0, 7)


@pytest.mark.parametrize("days", [10, 28])
def test_four_comparable_weeks_are_needed(days: int) -> None:
    assert rhythm.find_deviation(steady(days)) is None
    assert rhythm.find_deviation(steady(days + 28)) is not None


def test_small_counts_are_not_compared() -> None:
    assert rhythm.find_deviation(np.floor(steady() / 100)) is None


def test_what_hardly_ever_happened_is_found_when_it_happens_often() -> None:
    series = np.zeros(64)
    series[20] = 1
    series[-3:] = [2, 5, 7]
    found = rhythm.find_deviation(series)
    assert found is not None
    assert (found.days, found.observed, found.since) == (3, 14, 61)
    assert found.p_value < 1e-4


def test_p_values_of_counts_without_any_change_are_rarely_small() -> None:
    random = np.random.default_rng(5)
    found = [
        rhythm.find_deviation(random.poisson(steady()).astype(np.float64))
        for _ in range(400)
    ]
    small = sum(one is not None and one.p_value < 0.01 for one in found)
    # 4 would be expected if the three windows were independent.
    assert small <= 12

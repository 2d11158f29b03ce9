"""Sums over people and pairs of people, compared with their plain definitions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from qunce.sets import span_totals

NUMBERS = st.lists(st.integers(1, 10**6), max_size=60)


@given(NUMBERS)
def test_pairs_are_those_of_the_definition(numbers: list[int]) -> None:
    """I3"""
    found = span_totals.pair_differences(np.array(numbers, np.int64))
    assert found == sum(abs(one - other) for one in numbers for other in numbers)


@given(NUMBERS.filter(bool), st.integers(2, 50))
def test_gini_coefficient_is_between_equal_and_all_of_one(
    numbers: list[int], times: int
) -> None:
    """It is that of Gini's mean difference, and the unit does not matter."""

    def gini(values: list[int]) -> Fraction:
        found = span_totals.pair_differences(np.array(values, np.int64))
        return Fraction(found, 2 * len(values) * sum(values))

    mean = Fraction(sum(numbers), len(numbers))
    pairs = [abs(one - other) for one in numbers for other in numbers]
    assert gini(numbers) == Fraction(sum(pairs), len(numbers) ** 2) / (2 * mean)
    assert gini([times * number for number in numbers]) == gini(numbers)
    assert 0 <= gini(numbers) < 1
    assert gini([numbers[0]] * times) == 0
    assert gini([0] * (times - 1) + [1]) == 1 - Fraction(1, times)

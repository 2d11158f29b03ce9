from __future__ import annotations

import operator

from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from qunce.sets.bitmaps.bit_counters import BitCounter
from qunce.sets.rules.comparisons import SIGNS, Comparison

OPERATORS = {
    "gte": operator.ge,
    "gt": operator.gt,
    "lte": operator.le,
    "lt": operator.lt,
    "eq": operator.eq,
}
PARTS = st.dictionaries(st.sampled_from(sorted(SIGNS)), st.integers(-3, 9), min_size=1)
COUNTS = st.dictionaries(st.integers(1, 30), st.integers(1, 12))


def holds(parts: dict[str, int], number: int) -> bool:
    return all(OPERATORS[sign](number, bound) for sign, bound in parts.items())


@given(parts=PARTS, counts=COUNTS)
def test_select_treats_a_missing_count_as_zero(
    parts: dict[str, int], counts: dict[int, int]
) -> None:
    comparison = Comparison(tuple(sorted(parts.items())))
    everyone = set(range(1, 31))
    selected = comparison.select(BitCounter.from_counts(counts), BitMap(everyone))
    assert set(selected) == {p for p in everyone if holds(parts, counts.get(p, 0))}


@given(parts=PARTS, number=st.integers(-5, 12))
def test_bounds_contain_exactly_the_numbers_that_hold(
    parts: dict[str, int], number: int
) -> None:
    minimum, maximum = Comparison(tuple(sorted(parts.items()))).bounds()
    assert holds(parts, number) == (minimum <= number <= maximum)

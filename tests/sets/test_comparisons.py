from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from qunce.sets.bitmaps.bit_counters import BitCounter
from qunce.sets.rules.comparisons import SIGNS, Comparison

PARTS = st.dictionaries(st.sampled_from(sorted(SIGNS)), st.integers(-3, 9), min_size=1)
COUNTS = st.dictionaries(st.integers(1, 30), st.integers(1, 12))


@given(parts=PARTS, counts=COUNTS)
def test_it_picks_whose_count_holds_and_a_missing_count_is_zero(
    parts: dict[str, int], counts: dict[int, int]
) -> None:
    comparison = Comparison(tuple(sorted(parts.items())))
    everyone = set(range(1, 31))
    picked = comparison.select(BitCounter.from_counts(counts), BitMap(everyone))
    assert set(picked) == {p for p in everyone if comparison.holds(counts.get(p, 0))}


@given(parts=PARTS, number=st.integers(-5, 12))
def test_its_bounds_are_the_numbers_that_hold(
    parts: dict[str, int], number: int
) -> None:
    comparison = Comparison(tuple(sorted(parts.items())))
    least, most = comparison.bounds()
    assert comparison.holds(number) == (least <= number <= most)

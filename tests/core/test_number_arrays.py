"""Arrays of numbers without repetitions."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from qunce.core import number_arrays


@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3)))
def test_different_numbers_are_in_order(numbers: list[int]) -> None:
    found = number_arrays.unique(np.array(numbers, dtype=np.int64))
    assert found.tolist() == sorted(set(numbers))


@given(
    st.lists(st.integers(0, 2**62) | st.integers(0, 30), min_size=1, unique=True),
    st.data(),
)
def test_places_are_found_in_near_and_in_distant_numbers(
    numbers: list[int], data: st.DataObject
) -> None:
    ordered = sorted(numbers)
    asked = data.draw(st.lists(st.sampled_from(ordered)))
    found = number_arrays.find_places(np.array(ordered), np.array(asked, np.int64))
    assert found.tolist() == [ordered.index(each) for each in asked]


def test_nothing_is_found_in_nothing() -> None:
    nothing = np.empty(0, np.int64)
    assert not len(number_arrays.find_places(nothing, nothing))


ORDERED = st.lists(st.integers(-(2**40), 2**40) | st.integers(0, 9)).map(sorted)


@given(ORDERED, ORDERED)
def test_union_has_each_number_once(left: list[int], right: list[int]) -> None:
    found = number_arrays.union(np.array(left, np.int64), np.array(right, np.int64))
    assert found.tolist() == sorted({*left, *right})

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

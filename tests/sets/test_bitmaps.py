from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from qunce.sets.bitmaps import bitmaps

people = st.integers(0, 40) | st.integers(0, 2**32 - 1)
sets = st.frozensets(people, max_size=30)


@given(st.lists(people, max_size=30), st.sampled_from([np.uint32, np.int64]))
def test_it_takes_arrays_of_any_order_and_width(
    ids: list[int], width: type[np.integer]
) -> None:
    assert set(bitmaps.of(np.array(ids, dtype=width))) == set(ids)
    assert set(bitmaps.of(ids)) == set(ids)


def test_it_takes_every_other_element_of_an_array() -> None:
    assert set(bitmaps.of(np.arange(10, dtype=np.uint32)[::2])) == {0, 2, 4, 6, 8}


@given(sets)
def test_an_array_is_ascending(some: frozenset[int]) -> None:
    array = bitmaps.array_of(BitMap(some))
    assert array.dtype == np.uint32
    assert array.tolist() == sorted(some)


@given(sets)
def test_a_frozen_set_thaws_to_the_same(some: frozenset[int]) -> None:
    blob = bitmaps.to_bytes(BitMap(some))
    assert (
        bitmaps.from_bytes(blob) == bitmaps.from_bytes(memoryview(blob)) == BitMap(some)
    )


@given(st.lists(sets, max_size=4))
def test_a_union_is_everyone_in_any(some: list[frozenset[int]]) -> None:
    given = [BitMap(each) for each in some]
    assert set(bitmaps.union(given)) == frozenset().union(*some)
    assert [set(each) for each in given] == [set(each) for each in some]


@given(sets)
def test_the_union_of_one_is_a_copy(some: frozenset[int]) -> None:
    given = BitMap(some)
    bitmaps.union([given]).add(7)
    assert given == BitMap(some)


def test_a_million_people_take_at_most_131_kb() -> None:
    half = bitmaps.of(np.arange(0, 1_000_000, 2, dtype=np.uint32))
    assert len(bitmaps.to_bytes(half)) < 132_000

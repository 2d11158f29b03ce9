from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from qunce.sets.bitmaps import bitmaps

IDS = st.integers(0, 40) | st.integers(0, 2**32 - 1)
SETS = st.frozensets(IDS, max_size=30)


@given(st.lists(IDS, max_size=30), st.sampled_from([np.uint32, np.int64]))
def test_array_may_have_any_order_and_width(
    ids: list[int], width: type[np.integer]
) -> None:
    assert set(bitmaps.of(np.array(ids, dtype=width))) == set(ids)
    assert set(bitmaps.of(ids)) == set(ids)


def test_array_may_be_a_view_with_strides() -> None:
    assert set(bitmaps.of(np.arange(10, dtype=np.uint32)[::2])) == {0, 2, 4, 6, 8}


@given(SETS)
def test_array_of_is_ascending(ids: frozenset[int]) -> None:
    array = bitmaps.array_of(BitMap(ids))
    assert array.dtype == np.uint32
    assert array.tolist() == sorted(ids)


@given(SETS)
def test_set_can_be_stored_and_read(ids: frozenset[int]) -> None:
    blob = bitmaps.to_bytes(BitMap(ids))
    assert (
        bitmaps.from_bytes(blob) == bitmaps.from_bytes(memoryview(blob)) == BitMap(ids)
    )


@given(st.lists(SETS, max_size=4))
def test_union_leaves_the_sets_unchanged(sets: list[frozenset[int]]) -> None:
    given_bitmaps = [BitMap(ids) for ids in sets]
    assert set(bitmaps.union(given_bitmaps)) == frozenset().union(*sets)
    assert [set(bitmap) for bitmap in given_bitmaps] == [set(ids) for ids in sets]


@given(SETS)
def test_union_of_one_set_is_a_copy(ids: frozenset[int]) -> None:
    bitmap = BitMap(ids)
    bitmaps.union([bitmap]).add(7)
    assert bitmap == BitMap(ids)


def test_million_people_take_at_most_131_kb() -> None:
    half = bitmaps.of(np.arange(0, 1_000_000, 2, dtype=np.uint32))
    assert len(bitmaps.to_bytes(half)) < 132_000

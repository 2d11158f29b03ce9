from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from qunce.sets.bitmaps import bit_counters
from qunce.sets.bitmaps.bit_counters import BitCounter

PEOPLE = st.integers(0, 40) | st.sampled_from([65_535, 65_536, 2**32 - 1])
WEIGHTS = st.integers(1, 9) | st.sampled_from([127, 128, 255, 2**31 - 1])
COUNTS = st.dictionaries(PEOPLE, WEIGHTS, max_size=12).map(Counter)
SETS = st.frozensets(PEOPLE, max_size=12)


def counts_of(counter: BitCounter) -> dict[int, int]:
    return counter.counts(counter.nonzero())


@given(COUNTS)
def test_counts_can_be_read_back(counts: Counter[int]) -> None:
    counter = BitCounter.from_counts(counts)
    assert counts_of(counter) == counts
    assert set(counter.nonzero()) == set(counts)
    assert counter.get(41) == 0


@given(COUNTS)
def test_counts_of_zero_in_arrays_are_ignored(counts: Counter[int]) -> None:
    ids = np.array([*counts, 50], dtype=np.int64)
    numbers = np.array([*counts.values(), 0], dtype=np.int64)
    assert BitCounter.from_arrays(ids, numbers) == BitCounter.from_counts(counts)


@given(COUNTS, COUNTS)
def test_addition_adds_the_counts_of_each_person(
    left: Counter[int], right: Counter[int]
) -> None:
    total = BitCounter.from_counts(left) + BitCounter.from_counts(right)
    assert counts_of(total) == left + right


@given(st.lists(COUNTS, max_size=9))
def test_sum_of_many_counters(many: list[Counter[int]]) -> None:
    total = bit_counters.sum_all([BitCounter.from_counts(counts) for counts in many])
    assert counts_of(total) == sum(many, Counter())


@given(COUNTS, COUNTS)
def test_addition_leaves_both_counters_unchanged(
    left: Counter[int], right: Counter[int]
) -> None:
    left_counter = BitCounter.from_counts(left)
    right_counter = BitCounter.from_counts(right)
    assert left_counter + right_counter == right_counter + left_counter
    assert (counts_of(left_counter), counts_of(right_counter)) == (left, right)


@given(COUNTS, st.integers(1, 12) | st.sampled_from([128, 129, 2**31 - 1, 2**40]))
def test_at_least_compares_each_count(counts: Counter[int], bound: int) -> None:
    expected = {person for person, count in counts.items() if count >= bound}
    assert set(BitCounter.from_counts(counts).at_least(bound)) == expected


@given(COUNTS, SETS)
def test_without_leaves_the_counts_of_others(
    counts: Counter[int], people: frozenset[int]
) -> None:
    counter = BitCounter.from_counts(counts)
    inside = {person: count for person, count in counts.items() if person in people}
    assert counts_of(counter.without(BitMap(people))) == counts - Counter(inside)


@given(COUNTS, st.dictionaries(PEOPLE, st.integers(0, 300), max_size=8))
def test_with_counts_replaces_these_counts_only(
    counts: Counter[int], new: dict[int, int]
) -> None:
    merged = {**counts, **new}
    expected = {person: count for person, count in merged.items() if count}
    assert counts_of(BitCounter.from_counts(counts).with_counts(new)) == expected


@given(COUNTS)
def test_counter_can_be_stored_and_read(counts: Counter[int]) -> None:
    counter = BitCounter.from_counts(counts)
    assert BitCounter.from_bytes(counter.to_bytes()) == counter
    assert BitCounter.from_bytes(memoryview(counter.to_bytes())) == counter


@given(COUNTS)
def test_equal_counts_make_equal_counters(counts: Counter[int]) -> None:
    counter = BitCounter.from_counts(counts)
    single = [BitCounter.from_counts({p: n}) for p, n in counts.items()]
    assert bit_counters.sum_all(single) == counter
    assert counter.without(BitMap(counts)) == BitCounter()

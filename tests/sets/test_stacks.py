from __future__ import annotations

import collections

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from qunce.sets.bitmaps import bit_counters
from qunce.sets.bitmaps.bit_counters import BitCounter

people = st.integers(0, 40) | st.sampled_from([65_535, 65_536, 2**32 - 1])
weights = st.integers(1, 9) | st.sampled_from([127, 128, 255, 2**31 - 1])
counters = st.dictionaries(people, weights, max_size=12).map(collections.Counter)
sets = st.frozensets(people, max_size=12)


def counts(stack: BitCounter) -> dict[int, int]:
    return stack.counts(stack.nonzero())


@given(counters)
def test_it_keeps_each_count(some: collections.Counter[int]) -> None:
    stack = BitCounter.from_counts(some)
    assert counts(stack) == some
    assert set(stack.nonzero()) == set(some)
    assert stack.get(41) == 0


@given(counters)
def test_it_builds_from_arrays_and_forgets_zeros(
    some: collections.Counter[int],
) -> None:
    ids = np.array([*some, 50], dtype=np.int64)
    numbers = np.array([*some.values(), 0], dtype=np.int64)
    assert BitCounter.from_arrays(ids, numbers) == BitCounter.from_counts(some)


@given(counters, counters)
def test_adding_adds_each_persons_counts(
    one: collections.Counter[int], other: collections.Counter[int]
) -> None:
    assert (
        counts(BitCounter.from_counts(one) + BitCounter.from_counts(other))
        == one + other
    )


@given(st.lists(counters, max_size=9))
def test_the_total_of_many_is_their_sum(many: list[collections.Counter[int]]) -> None:
    total = bit_counters.sum_all([BitCounter.from_counts(some) for some in many])
    assert counts(total) == sum(many, collections.Counter())


@given(counters, counters)
def test_adding_leaves_both_as_they_were(
    one: collections.Counter[int], other: collections.Counter[int]
) -> None:
    left, right = BitCounter.from_counts(one), BitCounter.from_counts(other)
    assert left + right == right + left
    assert (counts(left), counts(right)) == (one, other)


@given(counters, st.integers(1, 12) | st.sampled_from([128, 129, 2**31 - 1, 2**40]))
def test_at_least_is_a_comparison(some: collections.Counter[int], bound: int) -> None:
    wanted = {person for person, count in some.items() if count >= bound}
    assert set(BitCounter.from_counts(some).at_least(bound)) == wanted


@given(counters, sets)
def test_it_leaves_out_and_keeps_only_the_given(
    some: collections.Counter[int], given: frozenset[int]
) -> None:
    stack = BitCounter.from_counts(some)
    kept = {person: count for person, count in some.items() if person in given}
    assert counts(stack.restrict(BitMap(given))) == kept
    assert counts(stack.without(BitMap(given))) == some - collections.Counter(kept)


@given(counters, st.dictionaries(people, st.integers(0, 300), max_size=8))
def test_replaced_counts_are_set_anew(
    some: collections.Counter[int], fresh: dict[int, int]
) -> None:
    wanted = {person: count for person, count in ({**some, **fresh}).items() if count}
    assert counts(BitCounter.from_counts(some).with_counts(fresh)) == wanted


@given(counters)
def test_a_frozen_stack_thaws_to_the_same(some: collections.Counter[int]) -> None:
    stack = BitCounter.from_counts(some)
    assert BitCounter.from_bytes(stack.to_bytes()) == stack
    assert BitCounter.from_bytes(memoryview(stack.to_bytes())) == stack


@given(counters)
def test_equal_counts_are_equal_stacks_however_they_came(
    some: collections.Counter[int],
) -> None:
    one_by_one = bit_counters.sum_all(
        [BitCounter.from_counts({p: n}) for p, n in some.items()]
    )
    assert one_by_one == BitCounter.from_counts(some)
    assert BitCounter.from_counts(some).without(BitMap(some)) == BitCounter()

"""K1: a merged account counts as its person."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from qunce.sets.bitmaps.aliases import Aliases
from qunce.sets.bitmaps.bit_counters import BitCounter

HEADS = st.dictionaries(st.integers(11, 30), st.integers(1, 10))
COUNTS = st.dictionaries(st.integers(1, 35), st.integers(1, 9))


def aliases_of(heads: dict[int, int]) -> Aliases:
    return Aliases(heads, BitMap(heads))


@given(heads=HEADS, counts=COUNTS)
def test_counts_of_a_persons_accounts_are_added(
    heads: dict[int, int], counts: dict[int, int]
) -> None:
    wanted: Counter[int] = Counter()
    for account, count in counts.items():
        wanted[heads.get(account, account)] += count
    folded = aliases_of(heads).by_person(BitCounter.from_counts(counts))
    assert folded.counts(folded.nonzero()) == dict(wanted)


@given(heads=HEADS, accounts=st.sets(st.integers(1, 35)))
def test_a_set_of_accounts_becomes_the_set_of_people(
    heads: dict[int, int], accounts: set[int]
) -> None:
    people = {heads.get(account, account) for account in accounts}
    aliases = aliases_of(heads)
    assert set(aliases.people(BitMap(accounts))) == people
    mapped = aliases.map_array(np.array(sorted(accounts), dtype=np.int64))
    assert set(mapped.tolist()) == people


@given(heads=HEADS)
def test_a_person_knows_its_accounts_first_one_first(heads: dict[int, int]) -> None:
    aliases = aliases_of(heads)
    for head in set(heads.values()):
        tails = sorted(tail for tail, other in heads.items() if other == head)
        assert aliases.account_ids(head) == [head, *tails]

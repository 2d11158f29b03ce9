"""K1: a merged account counts as its person."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from qunce.sets.bitmaps.aliases import Aliases
from qunce.sets.bitmaps.bit_counters import BitCounter

PERSON_IDS = st.dictionaries(st.integers(11, 30), st.integers(1, 10))
COUNTS = st.dictionaries(st.integers(1, 35), st.integers(1, 9))


def aliases_of(person_ids: dict[int, int]) -> Aliases:
    return Aliases(person_ids, BitMap(person_ids))


@given(person_ids=PERSON_IDS, counts=COUNTS)
def test_counts_of_the_accounts_of_a_person_are_added(
    person_ids: dict[int, int], counts: dict[int, int]
) -> None:
    expected: Counter[int] = Counter()
    for account, count in counts.items():
        expected[person_ids.get(account, account)] += count
    by_person = aliases_of(person_ids).by_person(BitCounter.from_counts(counts))
    assert by_person.counts(by_person.nonzero()) == dict(expected)


@given(person_ids=PERSON_IDS, accounts=st.sets(st.integers(1, 35)))
def test_set_of_accounts_becomes_the_set_of_people(
    person_ids: dict[int, int], accounts: set[int]
) -> None:
    people = {person_ids.get(account, account) for account in accounts}
    aliases = aliases_of(person_ids)
    assert set(aliases.people(BitMap(accounts))) == people
    mapped = aliases.map_array(np.array(sorted(accounts), dtype=np.int64))
    assert set(mapped.tolist()) == people


@given(person_ids=PERSON_IDS)
def test_account_ids_start_with_the_first_account(person_ids: dict[int, int]) -> None:
    aliases = aliases_of(person_ids)
    for person in set(person_ids.values()):
        merged = sorted(
            account for account, other in person_ids.items() if other == person
        )
        assert aliases.account_ids(person) == [person, *merged]

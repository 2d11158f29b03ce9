"""K8: a random share is the same for ever, and shares of one draw do not overlap."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qunce.core.communities import Community
from qunce.core.facts import key_hashes
from qunce.members.clauses import random as random_clause
from qunce.sets import audiences
from qunce.sets.rules.base import RuleError
from tests import factories, shares
from tests.oracle.ranks import place_of

KEYS = [f"m{n:03}" for n in range(120)]


def share(percent: float, skip: float = 0, salt: str = "spring") -> dict[str, Any]:
    return {"random": {"salt": salt, "percent": percent, "skip": skip}}


def test_the_share_depends_on_neither_ids_nor_order(shop: Community) -> None:
    factories.members(shop, *KEYS)
    other = factories.community("other")
    factories.members(other, "x", *reversed(KEYS))
    found = factories.matching_keys(shop, share(20))
    assert 10 <= len(found) <= 40
    assert set(factories.matching_keys(other, share(20))) - {"x"} == set(found)
    assert factories.matching_keys(shop, share(20, salt="autumn")) != found


def test_shares_of_one_draw_are_disjoint_and_complete(shop: Community) -> None:
    factories.members(shop, *KEYS)
    parts = [factories.matching_keys(shop, share(25, skip)) for skip in (0, 25, 50, 75)]
    assert sorted(key for part in parts for key in part) == KEYS
    assert set(parts[0]) < set(factories.matching_keys(shop, share(50)))


def test_a_merged_member_keeps_the_place_of_the_first_account(shop: Community) -> None:
    factories.members(shop, *KEYS)
    inside = factories.matching_keys(shop, share(50))
    first, second = (
        KEYS[0],
        next(k for k in KEYS[1:] if (k in inside) != (KEYS[0] in inside)),
    )
    factories.merge(shop, first, second)
    found = factories.matching_keys(shop, share(50))
    assert (first in found) == (first in inside)
    assert second not in found


@pytest.mark.parametrize(
    "args",
    [
        {"salt": "a", "percent": 0},
        {"salt": "a", "percent": 101},
        {"salt": "a", "percent": 60, "skip": 50},
        {"salt": "a", "percent": 0.001},
        {"salt": " ", "percent": 10},
        {"percent": 10},
    ],
)
def test_a_share_that_is_none_is_refused(shop: Community, args: Any) -> None:
    with pytest.raises(RuleError):
        audiences.check(community=shop, rule={"random": args})


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@settings(max_examples=shares.examples(30))
@given(st.lists(TEXTS, min_size=1, max_size=8), TEXTS)
def test_places_are_those_of_plain_arithmetic(keys: list[str], salt: str) -> None:
    encoded = [key.encode() for key in keys]
    hashes = key_hashes.hashes_of(0, encoded).view(np.uint64)
    places = random_clause.places_of(hashes, salt).tolist()
    assert [place * 100 / 2**32 for place in places] == [
        float(place_of(key, salt)) for key in keys
    ]

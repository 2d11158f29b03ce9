"""K8: the clauses `rank` and `rfm`: ties, money of other currencies, real purchases."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.core import exchange_rates
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.attributes import attributes
from qunce.sets import audiences, ranking
from qunce.sets.clauses import rfm
from qunce.sets.mirror import deriver
from qunce.sets.rules.base import RuleError
from tests import factories
from tests.factories import AT

SUM = {"kind": "order.paid", "by": "sum", "field": "amount"}


def top(number: Any, **more: Any) -> dict[str, Any]:
    return {"rank": {"top": number, **SUM, **more}}


@pytest.fixture
def buyers(shop: Community) -> Community:
    """Ann paid most, Bob and Eve the same, Dan nothing."""
    factories.members(shop, "ann", "bob", "eve", "dan")
    for key, amount in (("ann", 900), ("bob", 500), ("eve", 500)):
        factories.order(shop, key, amount)
    deriver.catch_up()
    return shop


def test_whoever_equals_the_last_is_in_the_top(buyers: Community) -> None:
    assert factories.matching_keys(buyers, top(1)) == ["ann"]
    assert factories.matching_keys(buyers, top(2)) == ["ann", "bob", "eve"]
    # A quarter of all members is one of them, and half are two.
    assert factories.matching_keys(buyers, top("25%")) == ["ann"]
    assert factories.matching_keys(buyers, top("26%")) == ["ann", "bob", "eve"]
    assert factories.matching_keys(buyers, top("100%")) == ["ann", "bob", "eve"]


def test_former_members_and_staff_have_no_place(buyers: Community) -> None:
    factories.leave(buyers, "ann", at=AT)
    assert factories.matching_keys(buyers, top(1)) == ["bob", "eve"]
    assert factories.matching_keys(buyers, {"with_left": top(1)}) == ["bob", "eve"]


def test_money_without_a_rate_is_ranked_among_its_own(
    buyers: Community, by: Staff
) -> None:
    factories.member(buyers, "yen")
    factories.order(buyers, "yen", 7, currency="JPY")
    deriver.catch_up()
    assert factories.matching_keys(buyers, top(1)) == ["ann", "yen"]
    rate: dict[str, Any] = {"currency": "JPY", "rate": Decimal("0.05")}
    exchange_rates.set_rate(
        community=buyers, since=AT.date() - timedelta(days=1), by=by, at=AT, **rate
    )
    assert factories.matching_keys(buyers, top(1)) == ["ann"]


def test_the_place_is_explained_except_to_staff_with_a_scope(
    buyers: Community, by: Staff
) -> None:
    (bob,) = factories.account_ids(buyers, ("bob",))
    text = explain(buyers, top(2), by, bob)
    assert "5.00, place 2 of 3 (required: up to 2)" in text
    scoped = factories.staff(
        buyers, "manager", "mo", scope={"members": {"keys": ["bob"]}}
    )
    assert "place" not in explain(buyers, top(2), scoped, bob)
    assert "5.00" in explain(buyers, top(2), scoped, bob)


def explain(community: Community, rule: Any, by: Staff, account: int) -> str:
    found = audiences.explain(
        community=community, rule=rule, by=by, at=AT, account=account
    )
    return found.reasons[-1].text


def test_members_are_ranked_by_a_number(buyers: Community, by: Staff) -> None:
    points = attributes.define(
        community=buyers, name="points", type="number", by=by, at=AT
    )
    ann, bob, eve = factories.account_ids(buyers, ("ann", "bob", "eve"))
    values: dict[int, Any] = {ann: Decimal("-1"), bob: Decimal("2.5"), eve: 1}
    attributes.set_values(attribute=points, values=values, by=by, at=AT)
    by_points = {"rank": {"top": 2, "attr": "points"}}
    assert factories.matching_keys(buyers, by_points) == ["bob", "eve"]
    assert "2.5, place 1 of 3" in explain(buyers, by_points, by, bob)
    with pytest.raises(RuleError, match="does not go together"):
        audiences.check(
            community=buyers,
            rule={"rank": {"top": 2, "attr": "points", "kind": "order.paid"}},
        )


@pytest.mark.parametrize("number", [0, -1, True, 1.5, "0%", "101%", "x%", None])
def test_a_top_that_is_none_is_refused(buyers: Community, number: Any) -> None:
    with pytest.raises(RuleError, match=r"rank\.top"):
        audiences.check(community=buyers, rule=top(number))


def test_grades_of_an_earlier_day_do_not_change(buyers: Community) -> None:
    rule = {"rfm": {"m": [2], "parts": 2, "as_of": AT.date().isoformat()}}
    assert factories.matching_keys(buyers, rule) == ["ann"]
    factories.order(buyers, "dan", 90_000, paid_at=AT + timedelta(days=3))
    deriver.catch_up()
    later = AT + timedelta(days=4)
    by = factories.staff(buyers, login="li")
    dan, ann = factories.account_ids(buyers, ("dan", "ann"))
    found = audiences.list_ids(community=buyers, rule=rule, by=by, at=later)
    assert found == [ann]
    today = {"rfm": {"m": [2], "parts": 2}}
    assert dan in audiences.list_ids(community=buyers, rule=today, by=by, at=later)


# Against NumPy and against sorting

numbers = st.lists(st.integers(-5, 30), min_size=1, max_size=40)


@given(numbers, st.integers(2, 10))
def test_grades_are_bounded_by_quantiles(values: list[int], parts: int) -> None:
    column = np.array(values)
    grades = rfm.grade(column, parts)
    ordered = sorted(values)
    for value, grade in zip(values, grades.tolist(), strict=True):
        above = 0
        for n in range(1, parts):
            position = (len(ordered) - 1) * n
            low, rest = divmod(position, parts)
            high = min(low + 1, len(ordered) - 1)
            scaled = ordered[low] * parts + (ordered[high] - ordered[low]) * rest
            above += value * parts > scaled
        assert grade == 1 + above


@given(numbers, st.integers(1, 45))
def test_the_best_are_those_whom_too_few_surpass(values: list[int], count: int) -> None:
    part = np.arange(len(values)), np.array(values)
    expected = [
        n for n, own in enumerate(values) if sum(v > own for v in values) < count
    ]
    assert list(ranking.best(part, count)) == expected
    assert list(ranking.best_of_parts([part], count)) == expected

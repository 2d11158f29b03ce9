"""Sums of orders in several currencies: converted, or shown apart."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from qunce.core import community_days, exchange_rates
from qunce.core.communities import Community
from qunce.members.layers import assignment, layering_specs
from qunce.sales import order_totals
from qunce.sets import audiences
from qunce.sets.mirror import deriver
from tests import factories
from tests.factories import AT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
SPENT: dict[str, Any] = {
    "did": {"kind": "order.paid", "sum": {"field": "amount", "gte": 40_000}}
}


@pytest.fixture
def sold(shop: Community) -> Community:
    """Orders of five members: 60 dollars, 9,000 yen, 70, 65 and 61 yuan."""
    for member, amount, currency in (
        ("A", 6_000, "USD"),
        ("B", 9_000, "JPY"),
        ("C", 7_000, "CNY"),
        ("D", 6_500, "CNY"),
        ("E", 6_100, "CNY"),
    ):
        factories.members(shop, member)
        factories.order(shop, member, amount, key=member, currency=currency)
    factories.refund(shop, "A", 1_000)
    return shop


def set_rates(shop: Community, days_ago: int = 1, **rates: str) -> None:
    today: date = community_days.to_date(shop.day(AT))
    for currency, rate in rates.items():
        exchange_rates.set_rate(
            community=shop,
            currency=currency,
            since=today - timedelta(days=days_ago),
            rate=Decimal(rate),
            by=factories.staff(shop, login=f"m{currency}", role="manager"),
            at=AT,
        )


def spenders(shop: Community) -> list[str]:
    return factories.matching_keys(shop, SPENT)


def test_money_without_a_rate_is_shown_apart(sold: Community) -> None:
    sales = order_totals.sum_sales(sold, at=AT)
    assert (sales.total.paid, sales.total.net, sales.total.orders) == (
        19_600,
        19_600,
        3,
    )
    assert {each.currency: each.net for each in sales.left_out} == {
        "USD": 5_000,
        "JPY": 9_000,
    }
    assert spenders(sold) == []


def test_money_is_converted_at_the_rate_of_its_payment(sold: Community) -> None:
    deriver.catch_up()
    assert spenders(sold) == []
    set_rates(sold, USD="7.2", JPY="0.048")
    sales = order_totals.sum_sales(sold, at=AT)
    assert sales.left_out == []
    assert sales.total.paid == 19_600 + 43_200 + 43_200
    assert sales.total.refunded == 7_200
    # The new rates replace what was cached without them.
    assert spenders(sold) == ["A", "B"]


def test_rate_of_a_later_day_does_not_hold(sold: Community) -> None:
    set_rates(sold, days_ago=-1, USD="7.2")
    assert [each.currency for each in order_totals.sum_sales(sold, at=AT).left_out] == [
        "JPY",
        "USD",
    ]
    assert spenders(sold) == []


def test_explanation_says_what_does_not_count(sold: Community) -> None:
    deriver.catch_up()
    text = str(
        audiences.explain(
            community=sold,
            rule=SPENT,
            account=factories.account_ids(sold, ("A",))[0],
            by=factories.staff(sold),
            at=AT,
        )
    )
    assert "USD 60.00" in text


@pytest.mark.parametrize("has_rates", [False, True])
def test_layers_by_value_never_add_currencies(sold: Community, has_rates: bool) -> None:
    if has_rates:
        set_rates(sold, USD="7.2", JPY="0.048")
    deriver.catch_up()
    assigned = assignment.assign_layers(
        community=sold, spec=layering_specs.VALUE, at=AT
    )
    low = assigned.sets["low"]
    a, b, _c, _d, e = factories.account_ids(sold, ("A", "B", "C", "D", "E"))
    assert e in low
    assert a not in low
    assert b not in low
    assert assigned.unrated == (() if has_rates else ("JPY", "USD"))

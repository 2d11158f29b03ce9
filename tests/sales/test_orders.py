from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.members.layers import layering_specs as layer_specs
from qunce.sales import order_facts, order_totals, orders
from tests import factories
from tests.factories import AT

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
EARLIER = NOW - timedelta(days=40)


@pytest.fixture
def shop() -> Community:
    return factories.community(currency="USD")


def record_payment(
    shop: Community, key: str = "A-1", amount: int = 1250, **fields: Any
) -> Any:
    return factories.order(
        shop, 7, amount, key=key, **{"paid_at": EARLIER, "at": NOW, **fields}
    )


def refund(shop: Community, amount: int | None = None, key: str = "A-1") -> Any:
    return factories.refund(shop, key, amount, at=NOW)


def recorded_facts() -> list[tuple[str, dict[str, Any]]]:
    kinds = {
        number: kind
        for kind in order_facts.SPEND
        if (number := facts.find_kind(kind)) is not None
    }
    return [
        (kinds[fact.kind_id], facts.load(fact.payload))
        for fact in facts.Fact.objects.order_by("pk")
    ]


def spend() -> int:
    return sum(
        order_facts.SPEND[kind] * payload["amount"]
        for kind, payload in recorded_facts()
    )


def test_payment_creates_a_row_and_a_fact(shop: Community) -> None:
    items = [{"category": "tea"}, {"category": "cups"}, {"category": "tea"}, {}]
    order = record_payment(shop, items=items)
    assert orders.get(shop, "A-1") == order
    fact = facts.Fact.objects.get()
    assert (fact.account_id, fact.happened_at, fact.recorded_at) == (7, EARLIER, NOW)
    assert recorded_facts() == [
        (
            "order.paid",
            {
                "order": "A-1",
                "amount": 1250,
                "currency": "USD",
                "categories": ["cups", "tea"],
            },
        )
    ]


def test_same_order_again_changes_nothing(shop: Community) -> None:
    first = record_payment(shop, source="till")
    again = record_payment(shop, source="till")
    assert again.pk == first.pk
    assert len(recorded_facts()) == 1


def test_same_key_in_another_community_is_another_order(shop: Community) -> None:
    other = factories.community("other", currency="USD")
    orders_by_community = [record_payment(shop), record_payment(other)]
    assert [order.community_id for order in orders_by_community] == [shop.pk, other.pk]
    assert orders_by_community[0].pk != orders_by_community[1].pk


def test_other_amount_amends_the_order(shop: Community) -> None:
    record_payment(shop, amount=1250)
    record_payment(shop, amount=1000)
    assert recorded_facts()[-1] == (
        "order.amended",
        {"order": "A-1", "amount": -250, "currency": "USD"},
    )
    assert facts.Fact.objects.order_by("pk")[1].happened_at == EARLIER
    assert orders.get(shop, "A-1").amount == spend() == 1000


def test_refunds_add_up_to_the_amount_at_most(shop: Community) -> None:
    record_payment(shop, amount=1000)
    refund(shop, 300)
    assert orders.may_refund(orders.get(shop, "A-1"), 700)
    with pytest.raises(orders.RefundTooLarge, match=r"only 7\.00"):
        refund(shop, 701)
    refund(shop)
    order = orders.get(shop, "A-1")
    assert (order.refunded_amount, order.refunded_at) == (1000, NOW)
    assert spend() == 0
    with pytest.raises(errors.QunceError):
        refund(shop)


def test_refund_total_reported_twice_is_refunded_once(shop: Community) -> None:
    record_payment(shop, amount=1000)
    for total in (300, 300, 250, 900, 900):
        orders.refund_up_to(
            community=shop, key="A-1", total=total, refunded_at=NOW, by=None, at=NOW
        )
    refunds = [p["amount"] for kind, p in recorded_facts() if kind == "order.refunded"]
    assert refunds == [300, 600]


def test_order_is_not_amended_below_its_refunds(shop: Community) -> None:
    record_payment(shop, amount=1000)
    refund(shop, 600)
    with pytest.raises(orders.RefundTooLarge, match=r"5\.00 is less"):
        record_payment(shop, amount=500)
    record_payment(shop, amount=600)
    assert spend() == 0


def test_order_of_zero_is_an_order(shop: Community) -> None:
    record_payment(shop, amount=0)
    (totals,) = order_totals.list_by_currency(shop, at=AT)
    assert (totals.orders, totals.paid) == (1, 0)
    assert not orders.may_refund(orders.get(shop, "A-1"), 1)


@pytest.mark.parametrize(
    ("invalid", "message"),
    [
        ({"key": " "}, "needs a key"),
        ({"amount": -1}, "as a refund"),
        ({"currency": "usd"}, "not a currency"),
        ({"currency": "US"}, "not a currency"),
    ],
)
def test_invalid_order_is_rejected(
    shop: Community, invalid: dict[str, Any], message: str
) -> None:
    with pytest.raises(orders.InvalidOrder, match=message):
        record_payment(shop, **invalid)
    assert recorded_facts() == []


def test_currency_cannot_change(shop: Community) -> None:
    record_payment(shop)
    with pytest.raises(orders.InvalidOrder, match="paid in USD, not in EUR"):
        record_payment(shop, currency="EUR")


def test_currencies_are_summed_separately(shop: Community) -> None:
    record_payment(shop, "A-1", 100)
    record_payment(shop, "A-2", 200)
    record_payment(shop, "A-3", 900, currency="EUR")
    refund(shop, 50, "A-2")
    assert [
        (t.currency, t.orders, t.paid, t.refunded)
        for t in order_totals.list_by_currency(shop, at=AT)
    ] == [
        ("USD", 2, 300, 50),
        ("EUR", 1, 900, 0),
    ]


def test_unknown_order_is_named_in_the_error(shop: Community) -> None:
    with pytest.raises(orders.OrderNotFound, match="“A-9”"):
        refund(shop, key="A-9")


def test_value_layers_use_the_same_sums() -> None:
    assert layer_specs.SPENDING_KINDS == order_facts.SPEND


def test_orders_of_two_sources_are_two(shop: Community) -> None:
    first = record_payment(shop, source="taobao")
    second = record_payment(shop, source="shopify", amount=99)
    assert first.pk != second.pk
    with pytest.raises(orders.AmbiguousOrder, match="taobao, shopify"):
        orders.get(shop, "A-1")
    assert orders.get(shop, "A-1", "shopify") == second
    with pytest.raises(orders.OrderNotFound):
        orders.get(shop, "A-1", "weidian")


def test_other_member_or_time_moves_what_was_recorded(shop: Community) -> None:
    order = record_payment(shop, amount=1000)
    refund(shop, 300)
    amended = orders.amend(
        community=shop, order=order, account=8, paid_at=NOW, amount=900, by=None, at=NOW
    )
    assert (amended.account_id, amended.paid_at, amended.amount) == (8, NOW, 900)
    assert [
        (fact.account_id, fact.happened_at)
        for fact in facts.Fact.objects.order_by("pk")
    ] == [(8, NOW), (8, NOW)]
    paid, refunded = recorded_facts()
    assert (paid[1]["amount"], refunded[1]["amount"]) == (900, 300)
    assert spend() == 600

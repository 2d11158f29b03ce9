from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from qunce.core import communities, errors
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.members.layers import specs as layer_specs
from qunce.sales import orders

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
EARLIER = NOW - timedelta(days=40)


@pytest.fixture
def shop() -> Community:
    return communities.create(key="shop", at=NOW, currency="USD")


def pay(shop: Community, key: str = "A-1", amount: int = 1250, **more: Any) -> Any:
    given: dict[str, Any] = {"currency": "USD", "account": 7, "paid_at": EARLIER}
    given |= {"at": NOW, **more}
    by = staff_models.system(shop)
    return orders.record_payment(community=shop, key=key, amount=amount, by=by, **given)


def refund(shop: Community, amount: int | None = None, key: str = "A-1") -> Any:
    by = staff_models.system(shop)
    return orders.refund(
        community=shop, key=key, amount=amount, refunded_at=NOW, by=by, at=NOW
    )


def logged() -> list[tuple[str, dict[str, Any]]]:
    kinds = {
        number: kind
        for kind in orders.SPEND
        if (number := facts.find_kind(kind)) is not None
    }
    return [
        (kinds[fact.kind_id], facts.load(fact.payload))
        for fact in facts.Fact.objects.order_by("pk")
    ]


def spend() -> int:
    return sum(orders.SPEND[kind] * payload["amount"] for kind, payload in logged())


def test_a_paid_order_is_a_row_and_a_fact_of_when_it_was_paid(shop: Community) -> None:
    items = [{"category": "tea"}, {"category": "cups"}, {"category": "tea"}, {}]
    order = pay(shop, items=items)
    assert orders.get(shop, "A-1") == order
    fact = facts.Fact.objects.get()
    assert (fact.account_id, fact.happened_at, fact.recorded_at) == (7, EARLIER, NOW)
    assert logged() == [
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


def test_the_same_order_again_changes_nothing(shop: Community) -> None:
    first = pay(shop, source="till")
    again = pay(shop, source="till")
    assert again.pk == first.pk
    assert len(logged()) == 1


def test_the_same_key_in_another_community_is_another_order(shop: Community) -> None:
    other = communities.create(key="other", at=NOW, currency="USD")
    assert pay(shop).pk != pay(other).pk


def test_another_amount_amends_it_by_the_difference(shop: Community) -> None:
    pay(shop, amount=1250)
    pay(shop, amount=1000)
    assert logged()[-1] == ("order.amended", {"order": "A-1", "amount": -250})
    assert facts.Fact.objects.order_by("pk")[1].happened_at == EARLIER
    assert orders.get(shop, "A-1").amount == spend() == 1000


def test_it_may_be_refunded_in_parts_and_no_further(shop: Community) -> None:
    pay(shop, amount=1000)
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


def test_a_total_that_is_told_twice_is_refunded_once(shop: Community) -> None:
    pay(shop, amount=1000)
    for total in (300, 300, 250, 900, 900):
        orders.refund_up_to(
            community=shop, key="A-1", total=total, refunded_at=NOW, by=None, at=NOW
        )
    refunds = [p["amount"] for kind, p in logged() if kind == "order.refunded"]
    assert refunds == [300, 600]


def test_it_is_not_amended_below_what_was_refunded(shop: Community) -> None:
    pay(shop, amount=1000)
    refund(shop, 600)
    with pytest.raises(orders.RefundTooLarge, match=r"5\.00 is less"):
        pay(shop, amount=500)
    pay(shop, amount=600)
    assert spend() == 0


def test_an_order_of_zero_stays_an_order(shop: Community) -> None:
    pay(shop, amount=0)
    (totals,) = orders.totals(shop)
    assert (totals.orders, totals.paid) == (1, 0)
    assert not orders.may_refund(orders.get(shop, "A-1"), 1)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"key": " "}, "needs a key"),
        ({"amount": -1}, "as a refund"),
        ({"currency": "usd"}, "not a currency"),
        ({"currency": "US"}, "not a currency"),
    ],
)
def test_it_refuses_what_is_no_order(
    shop: Community, wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(orders.InvalidOrder, match=said):
        pay(shop, **wrong)
    assert logged() == []


def test_it_refuses_to_change_the_currency(shop: Community) -> None:
    pay(shop)
    with pytest.raises(orders.InvalidOrder, match="paid in USD, not in EUR"):
        pay(shop, currency="EUR")


def test_money_of_two_currencies_is_not_added(shop: Community) -> None:
    pay(shop, "A-1", 100)
    pay(shop, "A-2", 200)
    pay(shop, "A-3", 900, currency="EUR")
    refund(shop, 50, "A-2")
    assert [
        (t.currency, t.orders, t.paid, t.refunded) for t in orders.totals(shop)
    ] == [
        ("USD", 2, 300, 50),
        ("EUR", 1, 900, 0),
    ]


def test_an_order_nobody_knows_is_named(shop: Community) -> None:
    with pytest.raises(orders.OrderNotFound, match="“A-9”"):
        refund(shop, key="A-9")


def test_value_layers_count_what_orders_call_spent() -> None:
    assert layer_specs.SPENDING_KINDS == orders.SPEND

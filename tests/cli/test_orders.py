from __future__ import annotations

from datetime import timedelta

import pytest

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.members.accounts import queries as account_queries
from qunce.sales import orders
from tests import factories
from tests.cli.runner import Run
from tests.factories import AT

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sold(shop: Community) -> Community:
    """Four orders, a day apart: refunded, partly refunded, in yen, of nobody."""
    by = staff_models.system(shop)
    sales = [
        ("o1", "ann", 128_00, "CNY", 128_00),
        ("o2", "bob", 99_50, "CNY", 9_50),
        ("o3", "ann", 500, "JPY", 0),
        ("o4", None, 10_00, "CNY", 0),
    ]
    for day, (key, member, amount, currency, refunded) in enumerate(sales):
        paid_at = AT - timedelta(days=10 - day)
        orders.record_payment(
            community=shop,
            key=key,
            account=account_queries.get(shop, member).pk if member else None,
            amount=amount,
            currency=currency,
            items=[{"name": "oolong", "quantity": 2, "amount": amount}],
            paid_at=paid_at,
            by=by,
            at=AT,
        )
        if refunded:
            orders.refund(
                community=shop,
                key=key,
                amount=refunded,
                refunded_at=paid_at,
                by=by,
                at=AT,
            )
    return shop


def listed(run: Run, *words: str) -> list[str]:
    answer = run("orders", "list", *words, "--json").json
    return [order["key"] for order in answer["orders"]]


def test_orders_are_listed_with_exact_amounts(run: Run, sold: Community) -> None:
    found = run("orders", "list", "--json").json["orders"]
    assert [order["key"] for order in found] == ["o4", "o3", "o2", "o1"]
    assert found[2] == {
        "key": "o2",
        "member_key": "bob",
        "paid_at": "2026-02-24T20:00:00+08:00",
        "amount": "99.50",
        "refunded": "9.50",
        "currency": "CNY",
        "status": "partly_refunded",
        "source": "",
    }
    assert found[0]["member_key"] is None
    assert (found[1]["amount"], found[1]["status"]) == ("500", "paid")
    assert found[3]["status"] == "refunded"
    lines = run("orders", "list", "--lang", "zh").output.splitlines()
    assert "部分退款" in lines[2] and lines[1].endswith("JPY 已付款")


def test_orders_are_narrowed_limited_and_continued(run: Run, sold: Community) -> None:
    assert listed(run, "--member", "ann") == ["o3", "o1"]
    assert listed(run, "--status", "paid") == ["o4", "o3"]
    assert listed(run, "--status", "partly_refunded") == ["o2"]
    assert listed(run, "--status", "refunded") == ["o1"]
    assert listed(run, "--limit", "2") == ["o4", "o3"]
    assert listed(run, "--after", "o3") == ["o2", "o1"]
    assert run("orders", "list", "--member", "nobody").code == 3
    assert run("orders", "list", "--status", "lost").code == 2


def test_order_is_shown_with_its_items(run: Run, sold: Community) -> None:
    shown = run("orders", "show", "o2", "--json").json
    assert (shown["key"], shown["amount"]) == ("o2", "99.50")
    assert shown["refunded_at"].startswith("2026-02-24")
    assert shown["items"] == [{"name": "oolong", "quantity": 2, "amount": "99.50"}]
    text = run("orders", "show", "o2").output
    assert "oolong" in text and "partly refunded" in text
    assert run("orders", "show", "o9").code == 3


def test_orders_outside_the_scope_are_unknown(run: Run, sold: Community) -> None:
    factories.staff(
        sold, login="lin", scope={"members": {"keys": ["bob"]}}, role="operator"
    )
    assert listed(run, "--as", "lin") == ["o2"]
    hidden = run("orders", "show", "o1", "--as", "lin")
    assert hidden.code == 3
    assert run("orders", "show", "o2", "--as", "lin").code == 0
    assert run("orders", "list", "--member", "ann", "--as", "lin").code == 3
    status = run("status", "--json", "--as", "lin").json
    assert (status["orders"], status["sales"]) == (1, "90.00")
    assert status["accounts"] == 1


def test_orders_of_two_sources_are_told_apart(run: Run, sold: Community) -> None:
    for source in ("taobao", "shopify"):
        orders.record_payment(
            community=sold,
            key="x",
            account=None,
            amount=100,
            currency="CNY",
            source=source,
            by=None,
            at=AT,
        )
    ambiguous = run("orders", "show", "x")
    assert ambiguous.code == 2
    assert "taobao" in ambiguous.errors
    assert "shopify" in ambiguous.errors
    shown = run("orders", "show", "x", "--source", "taobao", "--json").json
    assert shown["source"] == "taobao"
    assert listed(run, "--source", "shopify") == ["x"]

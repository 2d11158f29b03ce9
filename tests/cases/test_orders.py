from __future__ import annotations

import pytest

from tests.cases.terminal import Terminal

pytestmark = pytest.mark.django_db(transaction=True)


def test_21_status_words_are_no_sales(shop: Terminal) -> None:
    shop.imports("taobao.csv", "orders")
    shop.imports("woo.csv", "orders")
    status = shop.status()
    assert (status["orders"], status["sales"]) == (2, "200.00")
    assert shop.buyers() == ["C1", "林家小院"]


def test_22_amount_per_line_only_first_counts(shop: Terminal) -> None:
    shop.imports("lines.csv", "orders")
    shop.imports("superstore.csv", "orders", "--map", "Sales=amount")
    assert shop.amounts() == {
        "C1": ("80.00", "0.00"),
        "C2": ("88.00", "0.00"),
        "CA-1": ("993.90", "0.00"),
    }


def test_23_refund_per_line_only_largest_counts(shop: Terminal) -> None:
    shop.imports("orders.csv", "orders")
    assert shop.amounts() == {"D1": ("100.00", "50.00")}


def test_24_refund_row_of_the_same_order(shop: Terminal) -> None:
    for week in ("same", "week1", "week2"):
        shop.imports(f"{week}.csv", "orders")
    assert shop.amounts() == {"N1": ("100.00", "30.00"), "N2": ("100.00", "30.00")}
    assert shop.status()["sales"] == "140.00"


def test_26_known_order_is_not_set_right(shop: Terminal) -> None:
    # 3/5 and 4/6 may be read both ways, so somebody has to say which.
    shop.refuses("first.csv", "orders", naming=("order_date", "3/5/2024", "--dates"))
    shop.imports("first.csv", "orders", "--dates", "dmy")
    shop.imports("second.csv", "orders", "--dates", "mdy")
    order = shop.orders()["G1"]
    assert (order["member_key"], order["amount"]) == ("M1", "90.00")
    assert order["paid_at"].startswith("2024-03-05")
    assert order["refunded"] == "30.00"
    assert shop.ask("orders", "show", "G1")["refunded_at"] is not None
    assert shop.buyers() == ["M1"]
    assert shop.status()["sales"] == "60.00"


def test_27_second_file_in_another_currency(shop: Terminal) -> None:
    shop.imports("cny.csv", "orders")
    shop.refuses("jpy.csv", "orders", naming=("X1", "CNY", "JPY"))
    order = shop.orders()["X1"]
    assert (order["amount"], order["currency"]) == ("100.00", "CNY")


def test_28_report_calls_gross_net(shop: Terminal) -> None:
    for name, gross, refunded, net in (
        ("orders.csv", "100.00", "30.00", "70.00"),
        ("lines.csv", "170.00", "0.00", "170.00"),
        ("orders.csv", "100.00", "30.00", "70.00"),
        ("lines.csv", "170.00", "0.00", "170.00"),
    ):
        (money,) = shop.imports(name, "orders")["money"]
        assert money["currency"] == "CNY"
        assert (money["paid"], money["refunded"], money["net"]) == (
            gross,
            refunded,
            net,
        )
    assert shop.status()["sales"] == "240.00"


def test_29_shopify_export(shop: Terminal) -> None:
    shop.imports("orders.csv", "orders")
    assert shop.amounts() == {"#1001": ("170.00", "0.00"), "#1002": ("60.00", "0.00")}
    oolong, cup = shop.items("#1001")
    assert (oolong["name"], cup["name"]) == ("Oolong 100g", "Cup")
    assert oolong.get("amount") in (None, "120.00")
    assert cup["quantity"] == 2
    assert shop.buyers() == ["ann@example.com", "bob@example.com"]


def test_30_name_becomes_the_order_number(shop: Terminal) -> None:
    shop.imports("orders.csv", "orders")
    assert shop.amounts() == {
        "SO-1": ("100.00", "0.00"),
        "SO-2": ("50.00", "0.00"),
        "SO-3": ("70.00", "0.00"),
    }
    assert shop.status()["sales"] == "220.00"
    assert shop.status()["members"] == 2

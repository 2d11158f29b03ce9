from __future__ import annotations

import pytest

from tests.cases.terminal import Terminal

pytestmark = pytest.mark.django_db(transaction=True)


def test_16_groups_of_four_and_lakh(shop: Terminal) -> None:
    shop.imports("orders.csv", "orders")
    shop.refuses("lakh.csv", "orders", naming=("row 2", "total", "1,29,900.00"))
    shop.imports("lakh.csv", "orders", "--good-rows-only")
    assert shop.amounts() == {
        "X1": ("12999.00", "0.00"),
        "X2": ("2450.00", "0.00"),
        "Y2": ("2450.00", "0.00"),
    }


def test_17_euro_thousands_without_cents(shop: Terminal) -> None:
    shop.imports("orders.csv", "orders")
    assert shop.amounts() == {"X1": ("1299.00", "0.00"), "X2": ("2450.00", "0.00")}
    assert {each["currency"] for each in shop.order_list()} == {"EUR"}


def test_18_currency_signs_are_dropped(shop: Terminal) -> None:
    shop.imports("orders.csv", "orders")
    orders = shop.orders().items()
    assert {key: (each["amount"], each["currency"]) for key, each in orders} == {
        "X1": ("88.00", "CNY"),
        "X2": ("25.00", "USD"),
        "X3": ("12.50", "EUR"),
        "X4": ("100.00", "HKD"),
    }


def test_19_layers_add_yen_to_dollars(shop: Terminal) -> None:
    shop.imports("orders.csv", "orders", "--at", "2024-04-01")
    made = shop.run("layerings", "add", "value", "value", "--at", "2024-04-01")
    assert made.code == 0, made.errors
    low = shop.audience({"layer": {"of": "value", "in": ["low"]}})
    assert "D" in low or "E" in low
    assert "A" not in low
    assert "B" not in low


def test_20_status_crashes_with_two_currencies(shop: Terminal) -> None:
    shop.imports("orders.csv", "orders")
    status = shop.run("status")
    assert status.code == 0
    assert "Traceback" not in status.errors
    assert "USD" in status.output
    assert "60.00" in status.output
    assert status.output.splitlines()[-1].split()[-1] == "0"
    answer = shop.status()
    assert (answer["sales"], answer["currency"]) == ("70.00", "CNY")
    assert answer["other_sales"] == {"USD": "60.00"}

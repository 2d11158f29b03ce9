"""Amounts, currencies and statuses of orders of the same kinds as the 46 cases."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cases.readings import ASKED, ORDER, REFUSED, check, orders_of
from tests.cases.terminal import Terminal

pytestmark = pytest.mark.django_db(transaction=True)

# Amounts


AMOUNTS: dict[str, tuple[list[str], Any]] = {
    "thousands and cents": (["1,299.00", "88.5"], ["1299.00", "88.50"]),
    "German": (["1.299,00", "88,50"], ["1299.00", "88.50"]),
    "Swiss": (["1'299.00", "88.50"], ["1299.00", "88.50"]),
    "French": (["1 299,00", "88,50"], ["1299.00", "88.50"]),
    "narrow no-break spaces": (["1\u202f299,00", "88,50"], ["1299.00", "88.50"]),
    "full-width": (["１，２９９．００", "88.50"], ["1299.00", "88.50"]),
    "yuan behind": (["1,299.00元", "88.50元"], ["1299.00", "88.50"]),
    "zero is an amount": (["0", "88.50"], ["0.00", "88.50"]),
    "two styles in one column": (["1.299,00", "2,450.00"], REFUSED),
    "a sum": (["100+20", "88.50"], REFUSED),
    "a word": (["免费", "88.50"], REFUSED),
    "about": (["约100", "88.50"], REFUSED),
    "empty": (["", "88.50"], REFUSED),
    "an error of the spreadsheet": (["#REF!", "88.50"], REFUSED),
    "infinite": (["inf", "88.50"], REFUSED),
}


@pytest.mark.parametrize(("cells", "amounts"), AMOUNTS.values(), ids=[*AMOUNTS])
def test_amount(terminal: Terminal, cells: list[str], amounts: Any) -> None:
    file = terminal.write_table("o.csv", orders_of([*cells]))
    check(terminal, file, "orders", lambda: paid(terminal), amounts)


def paid(shop: Terminal) -> list[str]:
    return [amount for amount, _refunded in shop.amounts().values()]


NEVER_WRONG: dict[str, tuple[list[str], list[str]]] = {
    # Both readings are possible, so a guess needs evidence or an answer.
    "three digits behind a point": (["1.299", "2.450"], ["1299.00", "2450.00"]),
    "three digits behind a comma": (["1,299", "2,450"], ["1299.00", "2450.00"]),
    "ten thousands": (["1.2万", "3万"], ["12000.00", "30000.00"]),
    "thousands by a letter": (["1.5k", "2k"], ["1500.00", "2000.00"]),
    "with an exponent": (["1.5E+03", "2E+03"], ["1500.00", "2000.00"]),
}


@pytest.mark.parametrize(("cells", "amounts"), NEVER_WRONG.values(), ids=[*NEVER_WRONG])
def test_amount_is_read_right_or_asked(
    terminal: Terminal, cells: list[str], amounts: list[str]
) -> None:
    file = terminal.write_table("o.csv", orders_of([*cells]))
    check(terminal, file, "orders", lambda: paid(terminal), amounts, ASKED)


CURRENCIES = {
    "code behind": ("25 USD", "USD", "25.00"),
    "code before": ("USD 25.00", "USD", "25.00"),
    "Chinese word": ("25美元", "USD", "25.00"),
    "euro word": ("25欧元", "EUR", "25.00"),
    "pound": ("£9.99", "GBP", "9.99"),
    "won": ("₩12,000", "KRW", "12000"),
    "yen word": ("2,100円", "JPY", "2100"),
    "Japanese sign": ("JP¥2,100", "JPY", "2100"),
    "Taiwan dollar": ("NT$300", "TWD", "300.00"),
    "Singapore dollar": ("S$20", "SGD", "20.00"),
    "full-width sign": ("￥1,234.50", "CNY", "1234.50"),
    "yuan": ("25块", "CNY", "25.00"),
    "renminbi": ("RMB 25", "CNY", "25.00"),
    "US dollar written out": ("25 US dollars", "USD", "25.00"),
    "bare dollar": ("$25", "USD", "25.00"),
}


@pytest.mark.parametrize(
    ("cell", "currency", "amount"), CURRENCIES.values(), ids=[*CURRENCIES]
)
def test_currency_in_the_cell(
    terminal: Terminal, cell: str, currency: str, amount: str
) -> None:
    file = terminal.write_table("o.csv", orders_of([cell]))

    def got() -> tuple[str, str]:
        (order,) = terminal.order_list()
        return order["currency"], order["amount"]

    check(terminal, file, "orders", got, (currency, amount), REFUSED)


def test_sign_that_contradicts_the_column_is_refused(terminal: Terminal) -> None:
    rows = [[*ORDER, "currency"], ["X1", "M1", "2024-03-05", "US$25.00", "CNY"]]
    terminal.refuses(
        terminal.write_table("o.csv", rows), "orders", naming=("US$", "CNY")
    )


@pytest.mark.parametrize(
    "cell", ["-30.00", "(30.00)", "30.00-", "−30.00", "-¥30", "¥-30"]
)
def test_negative_row_is_a_refund_of_the_order(terminal: Terminal, cell: str) -> None:
    rows = [
        ORDER,
        ["N1", "M1", "2024-03-05", "100.00"],
        ["N1", "M1", "2024-03-09", cell],
    ]
    terminal.imports(terminal.write_table("o.csv", rows), "orders")
    assert terminal.amounts() == {"N1": ("100.00", "30.00")}


# Statuses

STATUSES = {
    **dict.fromkeys(
        [
            *("交易成功", "已完成", "已发货", "待发货", "已付款", "已签收", "待收货"),
            *("买家已付款,等待卖家发货", "卖家已发货，等待买家确认", "交易完成"),
            *("paid", "Completed", "PROCESSING", "shipped", "fulfilled", "delivered"),
        ],
        "100.00",
    ),
    **dict.fromkeys(
        [
            *("待付款", "未付款", "等待买家付款", "已取消", "已关闭", "交易关闭"),
            *("Pending payment", "unpaid", "on-hold", "failed", "voided"),
            *("Cancelled", "canceled", "expired", "draft"),
        ],
        "0.00",
    ),
    # Paid, and all of it given back.
    **dict.fromkeys(["已退款", "退款成功", "Refunded"], "0.00"),
}


@pytest.mark.parametrize(("word", "sales"), STATUSES.items())
def test_status_decides_whether_it_is_a_sale(
    terminal: Terminal, word: str, sales: str
) -> None:
    rows = [
        ["订单编号", "会员号", "订单状态", "付款时间", "实付金额"],
        ["T1", "M1", word, "2024-03-05 10:00", "100.00"],
    ]
    file = terminal.write_table("o.csv", rows)
    check(terminal, file, "orders", lambda: terminal.status()["sales"], sales)
    assert terminal.buyers() == (
        ["M1"] if sales != "0.00" or "退" in word or "efund" in word else []
    )


@pytest.mark.parametrize("word", ["审核中", "xyz", "7"])
def test_unknown_status_is_asked_about(terminal: Terminal, word: str) -> None:
    rows = [
        ["订单编号", "会员号", "订单状态", "付款时间", "实付金额"],
        ["T1", "M1", word, "2024-03-05 10:00", "100.00"],
        ["T2", "M1", "交易成功", "2024-03-05 10:00", "50.00"],
    ]
    file = terminal.write_table("o.csv", rows)
    terminal.refuses(file, "orders", naming=(word, "--answer"))

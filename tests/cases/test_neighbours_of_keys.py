"""Keys, phones and e-mail addresses of the same kinds as the 46 cases."""

from __future__ import annotations

import pytest

from tests.cases.readings import REFUSED, check
from tests.cases.terminal import Terminal

pytestmark = pytest.mark.django_db(transaction=True)

# Keys

KEYS = {
    "tab guard": ("\t2034567890123456789", "2034567890123456789"),
    "formula guard of 19 digits": ('="2034567890123456789"', "2034567890123456789"),
    "apostrophe and 19 digits": ("'2034567890123456789", "2034567890123456789"),
    "float of a short number": ("17850.0", "17850"),
    "two decimals are no float": ("12.50", "12.50"),
    "leading zeros": ("007", "007"),
    "no-break spaces": ("\u00a0M001\u00a0", "M001"),
    "soft hyphen": ("M\u00ad001", "M001"),
    "right-to-left mark": ("\u200fM001\u200f", "M001"),
    "full-width letters and digits": ("Ｍ００１", "M001"),
    "letters keep their case": ("m001", "m001"),
    "letter E between digits": ("12E4", "12E4"),
    "rounded to three digits": ("2.03E+18", REFUSED),
    "rounded by a program": ("2.034567890123457e+18", REFUSED),
    "rounded with a comma": ("2,03457E+18", REFUSED),
}


@pytest.mark.parametrize(("cell", "key"), KEYS.values(), ids=[*KEYS])
def test_key_of_a_member(terminal: Terminal, cell: str, key: str) -> None:
    file = terminal.write_table("m.csv", [["会员号", "昵称"], [cell, "林"]])
    check(terminal, file, "members", lambda: [*terminal.members()], [key], key)


@pytest.mark.parametrize(
    "cell",
    [
        *("null", "(null)", "None", "NaN", "N/A", "#N/A", "#REF!", "#VALUE!"),
        *("undefined", "\\N", "--", "—", "未知", "暂无", "没有", "0"),
    ],
)
def test_placeholder_of_an_order_is_nobody(terminal: Terminal, cell: str) -> None:
    rows = [
        ["订单号", "会员号", "付款时间", "实付金额"],
        ["A1", cell, "2024-03-05", "10"],
    ]
    terminal.imports(terminal.write_table("o.csv", rows), "orders")
    assert terminal.orders()["A1"]["member_key"] is None
    assert terminal.members() == {}


NUMBER_CELLS = {
    "phone as number": (13800138001, "13800138001"),
    "15 digits": (123456789012345, "123456789012345"),
    "16 digits": (1234567890123456, REFUSED),
    "19 digits": (2034567890123456789, REFUSED),
}


@pytest.mark.parametrize(("cell", "key"), NUMBER_CELLS.values(), ids=[*NUMBER_CELLS])
def test_key_stored_as_a_number(terminal: Terminal, cell: int, key: str) -> None:
    file = terminal.write_workbook("m.xlsx", m=[["会员号", "昵称"], [cell, "林"]])
    check(terminal, file, "members", lambda: [*terminal.members()], [key], key)


def test_long_numbers_in_json_are_exact(terminal: Terminal) -> None:
    order = '{"order_id": %d, "customer_id": "M1", "order_date": "2024-03-05", "total": 9.9}'
    text = "\n".join(order % (2034567890123456789 + index) for index in range(2))
    terminal.imports(terminal.write("o.ndjson", text), "orders")
    assert terminal.amounts() == {
        "2034567890123456789": ("9.90", "0.00"),
        "2034567890123456790": ("9.90", "0.00"),
    }


# Phones and e-mail addresses

PHONES = {
    "float": ("13800138001.0", "13800138001"),
    "tab guard": ("\t13800138001", "13800138001"),
    "American number": ("+1 (415) 555-2671", "+14155552671"),
    "British number with 00": ("0044 20 7946 0958", "+442079460958"),
    "two in one cell": ("13800138001、13900139001", REFUSED),
    "with a name": ("13800138001(妈妈)", REFUSED),
    "too short": ("138001380", REFUSED),
    "too long": ("138001380010", REFUSED),
    "rounded": ("1.38E+10", REFUSED),
    "masked": ("138****8001", REFUSED),
    "no range of mobiles": ("12345678901", REFUSED),
}


@pytest.mark.parametrize(("cell", "phone"), PHONES.values(), ids=[*PHONES])
def test_phone(terminal: Terminal, cell: str, phone: str) -> None:
    file = terminal.write_table("m.csv", [["会员号", "手机号"], ["M1", cell]])
    check(terminal, file, "members", terminal.phones, {phone}, phone)


@pytest.mark.parametrize("cell", ["", "无", "NULL", "-", "0", "N/A", "00000000000"])
def test_no_phone_joins_nobody(terminal: Terminal, cell: str) -> None:
    rows = [["会员号", "手机号"], ["M1", cell], ["M2", cell], ["M3", "13800138003"]]
    file = terminal.write_table("m.csv", rows)
    check(terminal, file, "members", lambda: len(terminal.members()), 3, REFUSED)


EMAILS = {
    "capitals": ("Ann@EXAMPLE.com", "ann@example.com"),
    "spaces": (" ann@example.com\u00a0", "ann@example.com"),
    "full-width": ("ａｎｎ＠example.com", "ann@example.com"),
    "two in one cell": ("ann@example.com;bob@example.com", REFUSED),
    "no domain": ("ann@", REFUSED),
    "no at sign": ("ann.example.com", REFUSED),
}


@pytest.mark.parametrize(("cell", "email"), EMAILS.values(), ids=[*EMAILS])
def test_email(terminal: Terminal, cell: str, email: str) -> None:
    file = terminal.write_table("m.csv", [["email", "name"], [cell, "Ann"]])
    check(terminal, file, "members", lambda: [*terminal.members()], [email], email)

from __future__ import annotations

import pytest

from tests.cases.terminal import Terminal

pytestmark = pytest.mark.django_db(transaction=True)


def test_01_phone_as_float(shop: Terminal) -> None:
    shop.imports("members.csv", "members")
    shop.imports("shop.csv", "members")
    assert shop.phones() == {"13800138001", "13800138003"}
    assert shop.status()["members"] == 3
    assert len(shop.member("M1")["accounts"]) == 2


def test_02_scientific_keys_csv(shop: Terminal) -> None:
    shop.refuses(
        "orders.csv", "orders", naming=("row 2", "订单编号", "2.03457E+18", "text")
    )


def test_03_long_numbers_xlsx(shop: Terminal) -> None:
    shop.refuses("orders.xlsx", "orders", naming=("row 2", "订单编号", "text"))


def test_04_excel_guards_in_keys(shop: Terminal) -> None:
    shop.imports("crm.csv", "members")
    report = shop.imports("shop.csv", "members")
    assert report["members"] == 0
    assert shop.names() == {"00123": "小林", "00124": "小陈"}
    assert shop.attribute("00123", "level") == "V2"


def test_05_placeholder_unionid_merges_strangers(shop: Terminal) -> None:
    shop.imports("followers.csv", "members")
    assert shop.status()["members"] == 5
    unionids = [
        each["value"]
        for member in shop.members().values()
        for each in member["identifiers"]
        if each["kind"] == "unionid"
    ]
    assert unionids == ["ux3"]


def test_06_orders_of_guests_make_a_member(shop: Terminal) -> None:
    report = shop.imports("sales.csv", "orders")
    assert [*shop.members()] == ["M1"]
    guests = [key for key, each in shop.orders().items() if not each["member_key"]]
    assert sorted(guests) == ["A2", "A3", "A4", "A5", "A6", "A7"]
    assert report["orders_without_member"] == 6


def test_13_invisible_characters_in_keys(shop: Terminal) -> None:
    shop.imports("a.csv", "members")
    shop.imports("b.csv", "members")
    assert [*shop.members()] == ["M001"]
    assert shop.attribute("M001", "city") == "兰州"
    shop.imports("c.csv", "members")
    assert shop.phones() == {"13800138002"}


def test_55_phone_spellings(shop: Terminal) -> None:
    shop.imports("members.csv", "members")
    shop.refuses(
        "bad.csv",
        "members",
        naming=("13800138001/13900139001", "1.38E+10", "138****8001"),
    )
    assert shop.status()["members"] == 1
    assert shop.phones() == {"13800138001"}

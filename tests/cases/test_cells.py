from __future__ import annotations

import pytest

from tests.cases.terminal import Terminal

pytestmark = pytest.mark.django_db(transaction=True)


def test_31_two_digit_year_first(shop: Terminal) -> None:
    shop.imports("orders.csv", "orders")
    days = {key: each["paid_at"][:10] for key, each in shop.orders().items()}
    assert days == {"Y1": "2024-03-05", "Y2": "2023-12-31", "Y3": "2024-01-02"}


def test_32_night_hours(shop: Terminal) -> None:
    # Whether 晚上12:05 belongs to the 5th or the 6th, the text does not say.
    shop.refuses(
        "members.csv",
        "members",
        naming=("row 3", "joined_at", "晚上12:05", "row 4", "晚上1:30"),
    )
    shop.imports("members.csv", "members", "--good-rows-only")
    clock = {key: each["joined_at"][:16] for key, each in shop.members().items()}
    assert clock == {
        "c1": "2024-03-05T15:05",
        "c4": "2024-03-05T00:05",
        "c5": "2024-03-05T12:30",
    }


def test_33_F_and_NO_become_false(shop: Terminal) -> None:
    shop.imports("mums.csv", "members")
    assert shop.attribute("f1", "gender") == "F"
    assert shop.attribute("f1", "country") == "NO"
    shop.imports("dads.csv", "members")
    assert shop.attribute("f4", "gender") == "M"
    assert shop.attribute("f4", "country") == "SE"


def test_35_leading_zeros_in_the_second_file(shop: Terminal) -> None:
    shop.imports("beijing.csv", "members")
    shop.imports("neimenggu.csv", "members")
    assert shop.attribute("p1", "postcode") == "100080"
    assert shop.attribute("p3", "postcode") == "010020"


def test_36_free_text_cut_at_semicolons(shop: Terminal) -> None:
    shop.imports("members.csv", "members")
    assert shop.attribute("m1", "反馈") == "发货慢；包装破；发货慢"
    assert shop.attribute("m2", "反馈") == "好"


def test_50_spreadsheet_dates(shop: Terminal) -> None:
    shop.imports("mac.xlsx", "members")
    shop.imports("formats.xlsx", "members")
    members = shop.members()
    assert len(members) == 6
    assert {each["joined_at"][:16] for each in members.values()} == {"2024-03-05T15:05"}
    assert {each["attributes"]["birthday"]["value"] for each in members.values()} == {
        "1990-04-03"
    }


def test_53_birthdays_over_new_year(shop: Terminal) -> None:
    shop.imports("members.csv", "members")

    def birthday(within: str, at: str) -> list[str]:
        rule = {"attr": {"name": "birthday", "anniversary": {"within": within}}}
        return shop.audience(rule, "--at", at)

    assert birthday("7d", "2024-12-28") == ["m1", "m2", "m6"]
    assert birthday("1d", "2025-02-28") == ["m3"]

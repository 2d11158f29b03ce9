from __future__ import annotations

import pytest

from tests.cases.terminal import Terminal

pytestmark = pytest.mark.django_db(transaction=True)


def test_07_orders_by_phone_miss_the_member(shop: Terminal) -> None:
    shop.imports("members.csv", "members")
    for name, target in (("orders", "orders"), ("group", "memberships")):
        assert shop.imports(f"{name}.csv", target)["members"] == 0
    assert shop.imports("tags.csv", "tags")["members"] == 0
    assert shop.status()["members"] == 2
    assert {key: each["member_key"] for key, each in shop.orders().items()} == {
        "B1": "M001",
        "B2": "M001",
        "B3": "M002",
    }
    assert shop.buyers() == ["M001", "M002"]
    assert shop.tagged("vip") == ["M001"]
    for key in ("M001", "M002"):
        assert [each["name"] for each in shop.member(key)["groups"]] == ["早茶群"]


def test_08_orders_by_email_capitals(shop: Terminal) -> None:
    shop.imports("customers.csv", "members")
    assert shop.imports("orders.csv", "orders")["members"] == 0
    assert shop.names() == {"ann@example.com": "Ann"}
    assert shop.orders()["E1"]["member_key"] == "ann@example.com"


def test_12_shop_hotline_joins_everybody(shop: Terminal) -> None:
    result = shop.import_file("members.csv", "members")
    assert result.code == 0, result.errors
    assert shop.status()["members"] == 9
    # Masked or not, the report names what joined nobody, and how many share it.
    told = result.output + result.errors
    assert "1234" in told
    assert "8" in told


def test_14_erased_person_comes_back(shop: Terminal) -> None:
    shop.imports("till.csv", "members")
    assert shop.run("members", "erase", "b1", "--for-good").code == 0
    report = shop.imports("till.csv", "members")
    assert (report["members"], report["suppressed"]) == (0, 1)
    assert [*shop.members()] == ["b2"]
    assert shop.audience({"all": []}) == ["b2"]


def test_54_parted_people_stay_parted(shop: Terminal) -> None:
    shop.imports("members.csv", "members")
    assert shop.status()["members"] == 1
    assert shop.run("members", "unmerge", "M1", "M2").code == 0
    shop.imports("again.csv", "members")
    assert shop.names() == {"M1": "小林", "M2": "林太太"}


def test_57_left_members_stay_left(shop: Terminal) -> None:
    shop.imports("jan.csv", "members")
    shop.imports("feb.csv", "members")
    assert shop.audience({"all": []}) == ["m2"]
    assert shop.attribute("m1", "city") == "X"

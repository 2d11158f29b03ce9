from __future__ import annotations

import gzip
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.insight import chart_script
from qunce.members.tags import assignments
from qunce.sales import orders
from qunce.sets.mirror import deriver
from tests import factories
from tests.console import desk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Community:
    return factories.community(timezone="UTC", language="en")


def pay(shop: Community, key: str, account: int, amount: int) -> None:
    """Yesterday, by the page's own clock."""
    orders.record_payment(
        community=shop,
        key=key,
        account=account,
        amount=amount,
        currency="CNY",
        paid_at=datetime.now(UTC) - timedelta(days=1),
        by=None,
        at=datetime.now(UTC),
    )
    deriver.catch_up()


def test_every_number_has_its_chart_its_table_and_its_meaning(shop: Community) -> None:
    """I16"""
    ann = factories.member(shop, "ann").pk
    pay(shop, "A", ann, 1234)
    page = desk.at(shop).get("/insight/").content.decode()
    assert page.count("data-chart=") == 4
    assert page.count("<table") == 4
    assert "People who paid at least one order that day." in page
    assert "12.34" in page
    specs = re.findall(r'<script id="spec-(\w+)" type="application/json">(.*?)</', page)
    assert {name for name, _spec in specs} == {"orders", "buyers", "sales"} | {
        "new_members"
    }
    assert all(json.loads(spec)["layer"] for _name, spec in specs)


def test_the_span_comes_from_the_address_and_nonsense_is_28(shop: Community) -> None:
    browser = desk.at(shop)
    for asked, rows in (("7", 8), ("84", 85), ("-1", 29), ("9" * 30, 29), ("x", 29)):
        answer = browser.get("/insight/charts/orders/", {"days": asked, "as": "csv"})
        assert len(answer.content.decode().splitlines()) == rows + 1, asked


def test_a_chart_is_also_a_file(shop: Community) -> None:
    browser = desk.at(shop)
    svg = browser.get("/insight/charts/orders/", {"as": "svg"})
    assert svg["Content-Type"] == "image/svg+xml"
    assert svg.content.startswith(b"<svg")
    table = browser.get("/insight/charts/orders/", {"as": "csv"})
    assert "attachment" in table["Content-Disposition"]
    assert table.content.decode().startswith("\ufeffDay,last 28 days,")
    spec = browser.get("/insight/charts/orders/").json()
    assert spec["data"]["values"]
    assert browser.get("/insight/charts/orders/", {"as": "exe"}).status_code == 404
    assert browser.get("/insight/charts/members/").status_code == 404


def test_numbers_are_those_of_the_operator_s_scope(shop: Community) -> None:
    """S3"""
    ann, bob = factories.members(shop, "ann", "bob")
    owner = factories.staff(shop)
    assignments.apply(
        tag=factories.tag(shop, "mine"), accounts=[ann], by=owner, at=factories.AT
    )
    pay(shop, "A", ann, 100)
    pay(shop, "B", bob, 7777)
    some = staff_models.create(
        community=shop,
        login="some",
        scope={"tag": {"any": ["mine"]}},
        at=factories.AT,
    )
    page = desk.sit(some).get("/insight/").content.decode()
    assert "1.00" in page
    assert "77.77" not in page
    assert "78.77" not in page


def test_the_drawing_script_may_be_kept_for_ever(shop: Community) -> None:
    browser = desk.at(shop)
    address = f"/insight/scripts/{chart_script.name()}.js"
    answer = browser.get(address, HTTP_ACCEPT_ENCODING="gzip")
    assert answer["Content-Encoding"] == "gzip"
    assert "immutable" in answer["Cache-Control"]
    plain = browser.get(address)
    assert plain.content == gzip.decompress(answer.content)
    assert browser.get("/insight/scripts/vega-0.js").status_code == 404


def test_who_is_not_signed_in_sees_no_number(shop: Community) -> None:
    for address in ("/insight/", "/insight/charts/orders/?as=csv"):
        answer = Client().get(address)
        assert answer.status_code == 302
        assert "/sign-in/" in answer["Location"]

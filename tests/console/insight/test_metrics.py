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
from tests import clients, factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Community:
    return factories.community(timezone="UTC", language="en")


def pay(shop: Community, key: str, account: int, amount: int) -> None:
    """Record an order paid yesterday, by the page's own clock."""
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


def test_every_metric_has_a_chart_a_table_and_a_definition(shop: Community) -> None:
    ann = factories.member(shop, "ann").pk
    pay(shop, "A", ann, 1234)
    page = (
        clients.browser(factories.staff(shop, login="olga"))
        .get("/insight/")
        .content.decode()
    )
    assert "Members who paid at least one order that day." in page
    assert "12.34" in page
    specs = re.findall(r'<script id="spec-(\w+)" type="application/json">(.*?)</', page)
    # What never happened has no chart, but the sentence that says what would count.
    assert [name for name, _spec in specs] == [
        "members",
        "active_members",
        "active_month",
        "orders",
        "buyers",
        "new_buyers",
        "paid",
        "net_sales",
    ]
    assert page.count("chart-table") == page.count("data-chart=") == len(specs)
    assert page.count("None in this time.") == 8
    assert "The amount refunded that day" in page
    assert all(json.loads(spec)["layer"] for _name, spec in specs)


def test_span_is_read_from_the_url_or_28_days(shop: Community) -> None:
    browser = clients.browser(factories.staff(shop, login="olga"))
    for days, rows in (("7", 8), ("84", 85), ("-1", 29), ("9" * 30, 29), ("x", 29)):
        answer = browser.get("/insight/charts/orders/", {"days": days, "as": "csv"})
        assert len(answer.content.decode().splitlines()) == rows + 1, days


def test_chart_can_be_downloaded(shop: Community) -> None:
    browser = clients.browser(factories.staff(shop, login="olga"))
    svg = browser.get("/insight/charts/orders/", {"as": "svg"})
    assert svg["Content-Type"] == "image/svg+xml"
    assert svg.content.startswith(b"<svg")
    table = browser.get("/insight/charts/orders/", {"as": "csv"})
    assert "attachment" in table["Content-Disposition"]
    assert table.content.decode().startswith("\ufeffDay,last 28 days,")
    spec = browser.get("/insight/charts/orders/").json()
    assert spec["data"]["values"]
    assert browser.get("/insight/charts/orders/", {"as": "exe"}).status_code == 404
    assert browser.get("/insight/charts/joins/").status_code == 404


def test_metrics_respect_the_scope(shop: Community) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    owner = factories.staff(shop)
    assignments.apply(
        tag=factories.tag(shop, "mine"), accounts=[ann], by=owner, at=factories.AT
    )
    pay(shop, "A", ann, 100)
    pay(shop, "B", bob, 7777)
    scoped = staff_models.create(
        community=shop,
        login="scoped",
        scope={"tag": {"any": ["mine"]}},
        at=factories.AT,
    )
    page = clients.browser(scoped).get("/insight/").content.decode()
    assert "1.00" in page
    assert "77.77" not in page
    assert "78.77" not in page


def test_chart_script_is_cached_forever(shop: Community) -> None:
    browser = clients.browser(factories.staff(shop, login="olga"))
    address = f"/insight/scripts/{chart_script.name()}.js"
    answer = browser.get(address, HTTP_ACCEPT_ENCODING="gzip")
    assert answer["Content-Encoding"] == "gzip"
    assert "immutable" in answer["Cache-Control"]
    plain = browser.get(address)
    assert plain.content == gzip.decompress(answer.content)
    assert browser.get("/insight/scripts/vega-0.js").status_code == 404


def test_metrics_require_sign_in(shop: Community) -> None:
    for address in ("/insight/", "/insight/charts/orders/?as=csv"):
        answer = Client().get(address)
        assert answer.status_code == 302
        assert "/sign-in/" in answer["Location"]

"""Console, API and command line show the same numbers under the same names."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from qunce import ingest
from qunce.core import money
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.ingest.incoming_facts import IncomingFact
from qunce.insight import metric_definitions
from qunce.insight.metric_definitions import COMMUNITY, METRICS, Place
from qunce.sets.mirror import deriver
from tests import clients, factories
from tests.cli.runner import in_this_process

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime.now(UTC)
YESTERDAY = NOW - timedelta(days=1)


@pytest.fixture
def shop() -> Community:
    """A community whose members bought, wrote, joined and left, today and before."""
    shop = factories.community(timezone="UTC", language="en")
    by = factories.staff(shop, login="setup")
    people = factories.members(shop, "ann", "ben", "eve", joined_at=YESTERDAY, at=NOW)
    circle = groups.create(community=shop, key="circle", name="Circle", by=by, at=NOW)
    groups.add_members(
        group=circle, accounts=people, happened_at=YESTERDAY, by=by, at=NOW
    )
    groups.remove_members(
        group=circle, accounts=people[:1], happened_at=NOW, by=by, at=NOW
    )
    for number, person in enumerate([*people, people[0]]):
        factories.order(shop, person, 1000 + number, YESTERDAY)
    factories.order(shop, people[1], 77, NOW)
    factories.refund(shop, "o1", 300, YESTERDAY + timedelta(seconds=1))
    incoming = [
        IncomingFact(kind=kind, happened_at=moment, account=person, group="circle")
        for kind in ("message.posted", "checkin.done")
        for moment in (YESTERDAY, NOW)
        for person in people[:2]
    ]
    ingest.record_facts(community=shop, incoming=incoming, by=by, at=NOW)
    deriver.catch_up()
    return shop


def visible(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def charts(page: str) -> dict[str, list[dict[str, Any]]]:
    """Name of the chart → its records, one per day."""
    found = re.findall(r'<script id="spec-(\w+)" type="application/json">(.*?)</', page)
    return {name: json.loads(spec)["data"]["values"] for name, spec in found}


def test_pages_show_the_numbers_of_the_api(shop: Community, by: Staff) -> None:
    """I16"""
    browser, api = clients.browser(by), clients.create_client(shop)
    page = browser.get("/insight/").content.decode()
    body = api.get("/metrics").body
    drawn = charts(page)
    places = money.decimal_places(shop.currency)
    assert len(body["metrics"]) == len(metric_definitions.list_names(COMMUNITY)) > 12
    shown_here = [
        metric
        for metric in body["metrics"]
        if Place.OVERVIEW in METRICS[metric["name"]].places
    ]
    assert len(shown_here) > 12
    counted = {
        METRICS[metric["name"]].subject
        for metric in body["metrics"]
        if any(metric["values"])
    }
    for metric in shown_here:
        subject = METRICS[metric["name"]].subject
        if subject not in counted:
            assert str(subject.hint) in html.unescape(page)
            continue
        assert f">{metric['label']}</h3>" in page
        assert metric["definition"] in html.unescape(page)
        if not any(metric["values"]):
            assert not any(day["v0"] for day in drawn.get(metric["name"], []))
            continue
        unit = 10**places if metric["unit"] == shop.currency else 1
        # The chart ends with today, which the API lists only on demand.
        *days, today = drawn[metric["name"]]
        assert [day["day"] for day in days] == body["days"]
        assert [round(day["v0"] * unit) for day in days] == metric["values"]
        assert today["open"]
        assert not any(day["open"] for day in days)
        if metric["additive"]:
            total = metric["total"] / unit
            shown = f"{total:,.{places if unit > 1 else 0}f}"
            section = page.partition(f'id="number-{metric["name"]}"')[2]
            shown = shown.replace("-", "\N{MINUS SIGN}")
            assert f">{shown}<" in section.partition("</span>")[0] + "<"


def test_pages_of_groups_show_the_numbers_of_the_api(
    shop: Community, by: Staff
) -> None:
    """I1"""
    browser, api = clients.browser(by), clients.create_client(shop)
    group = groups.get(shop, "circle")
    drawn = charts(browser.get(f"/groups/{group.pk}/").content.decode())
    body = api.get(f"/metrics?group_id={group.pk}").body
    values = {metric["name"]: metric["values"] for metric in body["metrics"]}
    pairs = {"moves": ("joins", "leaves")}
    for chart, records in drawn.items():
        for index, name in enumerate(pairs.get(chart, (chart,))):
            assert [day[f"v{index}"] for day in records[:-1]] == values[name], name
    row = visible(browser.get("/groups/").content.decode())
    growth = sum(values["joins"]) - sum(values["leaves"])
    assert "Circle offline" in row
    assert f"+{growth}" in row
    size = api.get(f"/groups/{group.pk}").body["member_count"]
    assert f"{size} group members" in visible(
        browser.get(f"/groups/{group.pk}/").content.decode()
    )


def test_status_and_orders_show_the_sums_of_the_metrics(
    shop: Community, by: Staff, capsys: pytest.CaptureFixture[str]
) -> None:
    """I16"""
    api = clients.create_client(shop)
    today = NOW.date().isoformat()
    body = api.get(f"/metrics?last={today}").body
    assert body["incomplete_day"] == today
    totals = {metric["name"]: metric["total"] for metric in body["metrics"]}
    status = in_this_process(capsys, "--community", shop.key)("status", "--json").json
    page = visible(clients.browser(by).get("/sales/orders/totals/").content.decode())
    for name in ("paid", "refunded", "net_sales"):
        amount = money.format_amount(totals[name], shop.currency)
        assert status[name] == amount
        assert amount in page
    assert status["orders"] == totals["orders"] == 5
    members = next(one for one in body["metrics"] if one["name"] == "members")
    assert status["members"] == members["values"][-1] == 3


def test_metrics_are_described_and_their_spans_checked(shop: Community) -> None:
    api = clients.create_client(shop)
    definitions = api.get("/metrics/definitions").body
    assert {"paid", "members"} <= {row["name"] for row in definitions["community"]}
    group = {row["name"]: row for row in definitions["group"]}
    assert "in this group" in group["active_members"]["definition"]
    one = api.get(
        "/metrics?name=paid&name=orders&first=2026-01-01&last=2026-01-03"
    ).body
    assert [metric["name"] for metric in one["metrics"]] == ["paid", "orders"]
    assert api.get("/metrics?name=joins").kind == "metric-not-found"
    assert api.get("/metrics?first=2026-01-02&last=2026-01-01").kind == "invalid-span"
    assert api.get("/metrics?group_id=9999").kind == "group-not-found"

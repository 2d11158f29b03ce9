"""Spans, groups compared and peak hours through the API and the command line (I1, I4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from qunce import ingest
from qunce.core.communities import Community
from qunce.ingest.incoming_facts import IncomingFact
from qunce.insight import small_numbers
from qunce.sets.mirror import deriver
from tests import clients, factories
from tests.cli.runner import in_this_process

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime.now(UTC)
YESTERDAY = NOW - timedelta(days=1)


@pytest.fixture
def shop() -> Community:
    """40 members who wrote, all in the group north and one of them in south, too."""
    shop = factories.community(timezone="UTC", language="en")
    keys = [f"m{number}" for number in range(40)]
    people = factories.members(shop, *keys, joined_at=NOW - timedelta(days=40))
    by = factories.staff(shop, login="setup")
    north = factories.group(shop, "north", *people)
    south = factories.group(shop, "south", people[0])
    incoming = [
        IncomingFact(
            kind="message.posted",
            happened_at=YESTERDAY - timedelta(seconds=number),
            account=person,
            group=north.key,
        )
        for number, person in enumerate(people[:10])
    ]
    incoming.append(
        IncomingFact(
            kind="message.posted",
            happened_at=YESTERDAY,
            account=people[0],
            group=south.key,
        )
    )
    ingest.record_facts(community=shop, incoming=incoming, by=by, at=NOW)
    factories.order(shop, people[0], 1_000, YESTERDAY, key="A")
    factories.order(shop, people[0], 501, YESTERDAY, key="B")
    deriver.catch_up()
    return shop


def test_span_has_numbers_rules_and_ratios_as_two_numbers(shop: Community) -> None:
    """I3 I7 I16"""
    api = clients.create_client(shop)
    body = api.get("/metrics/span").body
    values = {row["name"]: row["value"] for row in body["metrics"]}
    assert (values["speakers"], values["silent_members"]) == (10, 30)
    assert (values["buyers"], values["repeat_buyers"]) == (1, 1)
    ratios = {row["name"]: row for row in body["ratios"]}
    share = ratios["speaking_share"]
    assert (share["numerator"], share["denominator"]) == (10, 40)
    assert share["text"] == "25.0 %"
    assert ratios["average_order"]["text"] == "CNY 7.50"
    # One buyer says nothing about a rate.
    assert values["buyers"] < small_numbers.MIN_PEOPLE
    assert ratios["repurchase_rate"]["text"] == "not enough to say"
    assert not ratios["repurchase_rate"]["is_enough"]
    rule = next(row["rule"] for row in body["metrics"] if row["name"] == "speakers")
    assert api.post("/rules/count", {"rule": rule}).body["count"] == 10
    one = api.get("/metrics/span?name=churn_rate&name=leaves").body
    assert [row["name"] for row in one["metrics"] + one["ratios"]] == [
        "leaves",
        "churn_rate",
    ]
    assert api.get("/metrics/span?name=churn").kind == "metric-not-found"


def test_groups_compared_have_sums_and_different_people(shop: Community) -> None:
    """I1 I16"""
    body = clients.create_client(shop).get("/metrics/groups?days=7").body
    north, south = body["groups"]
    assert (north["members"], south["members"]) == (40, 1)
    assert (north["active"], north["messages"], sum(north["active_by_day"])) == (
        10,
        10,
        10,
    )
    assert body["together"]["members"] == {"total": 41, "people": 40, "overlap": 1}
    assert body["together"]["speakers"] == {"total": 11, "people": 10, "overlap": 1}
    assert body["totals"]["messages"] == 11


def test_hours_are_those_of_the_community(shop: Community) -> None:
    """I4"""
    api = clients.create_client(shop)
    body = api.get("/metrics/hours?days=2").body
    assert body["hours"] == list(range(24))
    assert sum(map(sum, body["counts"])) == 11
    assert sum(body["counts"][YESTERDAY.weekday()]) >= 1
    group = api.get("/metrics/groups").body["groups"][1]["group_id"]
    of_south = api.get(f"/metrics/hours?days=2&group_id={group}").body
    assert of_south["counts"][YESTERDAY.weekday()][YESTERDAY.hour] == 1
    assert api.get("/metrics/hours?group_id=9999").kind == "group-not-found"


def test_commands_print_the_same_numbers(
    shop: Community, capsys: pytest.CaptureFixture[str]
) -> None:
    run = in_this_process(capsys, "--community", shop.key)
    listed = {row["name"] for row in run("metrics", "list", "--json").json["metrics"]}
    assert {"stickiness", "members", "silent_members"} <= listed
    span = run("metrics", "span", "--json").json
    assert (
        span["ratios"]
        == clients.create_client(shop).get("/metrics/span").body["ratios"]
    )
    assert "speaking_share" in run("metrics", "span", "speaking_share").output
    groups = run("metrics", "groups", "--json").json
    assert groups["people"]["members"] == 40
    assert groups["sum"]["members"] == 41
    assert "north" in run("metrics", "groups").output
    hours = run("metrics", "hours", "--days", "2", "--json").json
    assert sum(map(sum, hours["counts"])) == 11
    assert run("metrics", "span", "nothing").code == 3


def test_doctor_compares_the_numbers(
    shop: Community, capsys: pytest.CaptureFixture[str]
) -> None:
    """I16"""
    run = in_this_process(capsys, "--community", shop.key)
    result = run("doctor", "--numbers", "--json")
    (report,) = result.json["communities"]
    assert [row for row in report["identities"] if row["state"] != "holds"] == []
    assert result.code == 0
    assert sum(row["compared"] for row in report["identities"]) > 50
    text = run("doctor", "--numbers").output
    assert "Orders, paid, refunded and net amounts" in text
    assert run("doctor", "--numbers", "--repair").code == 2

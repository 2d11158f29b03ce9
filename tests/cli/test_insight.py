"""`qunce retention`, `retained-members`, `touches` and `funnels`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from qunce.core.communities import Community
from qunce.sets.mirror import deriver
from tests import factories
from tests.cli.runner import in_this_process

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture
def shop() -> Community:
    shop = factories.community(timezone="UTC", language="en", at=NOW - 90 * DAY)
    people = factories.members(
        shop, "a", "b", "c", joined_at=NOW - 20 * DAY, at=NOW, source="shop"
    )
    factories.order(shop, people[0], 100, NOW - 2 * DAY)
    factories.leave(shop, "b", at=NOW - 2 * DAY)
    deriver.catch_up()
    return shop


def test_numbers_are_those_of_the_console(
    shop: Community, capsys: pytest.CaptureFixture[str]
) -> None:
    """I2, C4, C5"""
    run = in_this_process(capsys, "--community", shop.key)
    table = run("retention", "--count", "6", "--by", "source", "--json").json
    assert sum(cohort["size"] for cohort in table["cohorts"]) == 3
    assert [line["key"] for line in table["lines"]] == ["shop"]
    assert "shop:" in run("retention", "--by", "source").output
    account = run("retained-members", "--json").json["total"]
    assert (account["joined"], account["left"], account["closing"]) == (3, 1, 2)
    assert "0 + 3 + 0 - 1 = 2" in run("retained-members").output
    touches = run("touches", "--json").json
    assert (touches["people"], touches["rows"][0]["people"]) == (1, 1)
    assert "   0        1" in run("touches").output


def test_funnels(shop: Community, capsys: pytest.CaptureFixture[str]) -> None:
    run = in_this_process(capsys, "--community", shop.key)
    definition = json.dumps(
        {"steps": [{"kind": "member.joined"}, {"kind": "order.paid"}]}
    )
    made = run("funnels", "create", "Buy", "--definition", definition, "--json").json
    number = str(made["id"])
    shown = run("funnels", "show", number, "--by", "source", "--json").json
    assert [step["people"] for step in shown["steps"]] == [3, 1]
    assert shown["lines"][0]["key"] == "shop"
    assert "3 → 1" in run("funnels", "show", number, "--by", "source").output
    run("funnels", "update", number, "--name", "Bought")
    assert "Bought" in run("funnels", "list").output
    assert run("funnels", "archive", number, "--json").json["state"] == "archived"
    assert run("funnels", "list", "--json").json["funnels"] == []
    assert "Bought" in run("funnels", "list", "--archived").output
    assert run("funnels", "restore", number, "--json").json["state"] == "active"

"""Retention, retained members, touches and funnels through the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.insight.funnels.models import Funnel
from qunce.sets.mirror import deriver
from tests import clients, factories

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
DEFINITION: dict[str, Any] = {
    "steps": [{"kind": "member.joined"}, {"kind": "order.paid"}],
    "within": "60d",
    "during": {"within": "90d"},
}


@pytest.fixture
def shop() -> Community:
    shop = factories.community(timezone="UTC", language="en", at=NOW - 90 * DAY)
    people = factories.members(
        shop,
        *(f"m{n}" for n in range(32)),
        joined_at=NOW - 40 * DAY,
        at=NOW,
        source="shop",
    )
    for person in people[:16]:
        factories.order(shop, person, 100, NOW - 20 * DAY)
    factories.leave(shop, "m0", at=NOW - 2 * DAY)
    factories.group(shop, "north", people[0], people[1])
    deriver.catch_up()
    return shop


def test_retention_with_lines(shop: Community) -> None:
    """C4"""
    api = clients.create_client(shop)
    body = api.get("/retention?period=week&count=8&by=source").body
    (cohort,) = [row for row in body["cohorts"] if row["size"]]
    assert cohort["size"] == cohort["cells"][0]["people"] == 32
    assert sum(cell["people"] for cell in cohort["cells"][1:]) == 16
    assert {cell["percent"] for cell in cohort["cells"]} == {0, 50, 100}
    (line,) = body["lines"]
    assert (line["key"], line["size"]) == ("shop", 32)
    assert line["shares"] == body["total"]
    assert api.get("/retention?start=no.such").kind == "invalid-retention"
    assert api.get("/retention?by=nothing").kind == "breakdown-not-found"
    assert api.get("/retention?period=day&count=40").kind == "invalid-retention"
    (index,) = [i for i, row in enumerate(body["cohorts"]) if row["size"]]
    cell = f"/retention/members?count=8&by=source&cohort={index}&periods=0&limit=20"
    page = api.get(cell).body
    assert (len(page["items"]), bool(page["next"])) == (20, True)
    assert len(api.get(f"{cell}&after={page['next']}").body["items"]) == 12
    nobody = api.get(f"{cell}&part=nowhere")
    assert nobody.kind == "breakdown-not-found"
    choices = api.get("/breakdowns").body
    assert [each["key"] for each in choices] == ["source", "group"]
    first = api.get("/retention?start=first:order.paid&returning=present&rolling=true")
    assert sum(row["size"] for row in first.body["cohorts"]) == 16


def test_account_and_touches(shop: Community) -> None:
    """I2, C5"""
    api = clients.create_client(shop)
    first = (NOW - 60 * DAY).date().isoformat()
    total = api.get(f"/retained-members?first={first}").body["total"]
    assert total == {
        "key": "",
        "label": "",
        "opening": 0,
        "joined": 32,
        "returned": 0,
        "left": 1,
        "closing": 31,
    }
    left = api.get(f"/retained-members/members?column=left&first={first}&source=shop")
    assert [member["key"] for member in left.body["items"]] == ["m0"]
    assert api.get("/retained-members?group_id=99999").kind == "group-not-found"
    assert api.get("/retained-members?first=2999-01-01").kind == "invalid-span"
    found = api.get("/touches-before-orders?window=30").body
    assert (found["people"], found["median"], found["rows"][0]["people"]) == (
        16,
        None,
        16,
    )
    listed = api.get("/touches-before-orders/members?touched=0&window=30").body
    assert len(listed["items"]) == 16
    backwards = api.get("/touches-before-orders?first=2026-01-02&last=2026-01-01")
    assert backwards.kind == "invalid-touches"


def test_program_saves_counts_and_archives_a_funnel(shop: Community) -> None:
    """C4"""
    api = clients.create_client(shop)
    preview = api.post("/funnels/preview", {"definition": DEFINITION}).body
    assert [step["people"] for step in preview["steps"]] == [32, 16]
    funnel = api.post("/funnels", {"name": "Buy", "definition": DEFINITION}).body
    path = f"/funnels/{funnel['id']}"
    assert api.get("/funnels").body["items"] == [funnel]
    result = api.get(f"{path}/result?by=source").body
    assert result["steps"] == preview["steps"]
    assert result["lines"][0]["steps"][1]["people"] == 16
    assert result["steps"][1]["of_first"] == 50
    stopped = api.get(f"{path}/members?step=1&dropped=true&by=source&part=shop").body
    assert len(stopped["items"]) == 16
    assert api.patch(path, {"name": "Bought"}).body["name"] == "Bought"
    wrong = api.patch(path, {"definition": {"steps": []}})
    assert wrong.kind == "invalid-funnel"
    assert api.post(f"{path}/archive").body["state"] == "archived"
    assert api.get("/funnels").body["items"] == []
    assert api.delete(f"{path}/archive").body["state"] == "active"
    assert Funnel.objects.get().definition == DEFINITION
    assert api.get("/funnels/99999").kind == "funnel-not-found"

"""Pages of goals: the list, a goal with its chart, the form, who may what (I14)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.insight.goals import goals
from qunce.insight.goals.models import Goal
from tests import clients, factories

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def shop() -> Community:
    made = factories.community(language="en", timezone="UTC", at=now() - 60 * DAY)
    factories.members(made, "ann2", "bob", at=now() - 3 * DAY)
    return made


@pytest.fixture
def owner(shop: Community) -> Staff:
    return factories.staff(shop)


def today() -> date:
    return now().date()


def sent(**fields: Any) -> dict[str, Any]:
    return {
        "metric": "new_members",
        "direction": "at_least",
        "target": "40",
        "first": (today() - 9 * DAY).isoformat(),
        "last": (today() + 10 * DAY).isoformat(),
        "owner": "",
        "name": "Spring",
        **fields,
    }


def read(browser: Any, url: str) -> str:
    answer = browser.get(url)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_a_goal_is_set_changed_and_archived(shop: Community, owner: Staff) -> None:
    browser = clients.browser(owner)
    assert "No goals yet" in read(browser, "/insight/goals/")
    form = read(browser, "/insight/goals/new/community/?span=quarter")
    assert '<optgroup label="Orders and sales">' in form
    refused = browser.post("/insight/goals/new/community/", sent(target="many"))
    assert refused.status_code == 422
    assert "“many” is not a target" in refused.content.decode()
    saved = browser.post("/insight/goals/new/community/", sent(owner=owner.login))
    goal = Goal.objects.get()
    assert saved.status_code == 303
    assert goal.owner == owner
    page = read(browser, f"/insight/goals/{goal.pk}/")
    assert "By now 18 on a straight line." in page
    assert "behind" in page
    assert "data-chart" in page
    assert "/members/?rule=" in page
    csv = browser.get(f"/insight/goals/{goal.pk}/?as=csv").content.decode()
    assert "Pace" in csv
    overview = read(browser, "/insight/")
    assert f"/insight/goals/{goal.pk}/" in overview
    browser.post(f"/insight/goals/{goal.pk}/edit/", sent(target="2"))
    assert "met" in read(browser, "/insight/goals/")
    browser.post(f"/insight/goals/{goal.pk}/archive/")
    assert "1 archived goal" in read(browser, "/insight/goals/")
    assert "Spring" in read(browser, "/insight/goals/?archived=1")
    browser.post(f"/insight/goals/{goal.pk}/restore/")
    assert "Spring" in read(browser, "/insight/goals/")


def test_limited_staff_see_goals_of_their_groups(shop: Community, owner: Staff) -> None:
    for key in ("north", "south"):
        factories.group(shop, key, name=key.title(), at=now() - 20 * DAY)
    for name, group in (("All of us", ""), ("Ours", "north"), ("Theirs", "south")):
        goals.create(
            community=shop,
            name=name,
            metric="members",
            group=group,
            direction="at_least",
            target="3",
            first=today(),
            last=today() + DAY,
            by=owner,
            at=now(),
        )
    scope = {"group": {"any": ["north"]}}
    local = factories.staff(shop, "manager", "lin", scope=scope, groups=["north"])
    page = read(clients.browser(local), "/insight/goals/")
    assert "Ours" in page
    assert "of the members you see" in page
    assert "Theirs" not in page
    assert "All of us" not in page
    assert "Goal of the community" not in page
    hidden = Goal.objects.get(name="Theirs")
    assert clients.browser(local).get(f"/insight/goals/{hidden.pk}/").status_code == 404
    answer = clients.browser(local).post("/insight/goals/new/community/", sent())
    assert answer.status_code == 403


def test_programs_set_and_read_goals(shop: Community) -> None:
    api = clients.create_client(shop)
    body = {key: value for key, value in sent().items() if key != "owner"}
    made = api.post("/goals", body)
    assert made.status == 201
    assert made.body["standing"] == "behind"
    assert (made.body["value"], made.body["share"]) == ("2", 5)
    assert made.body["points"][0]["pace"] == 2.0
    goal = f"/goals/{made.body['id']}"
    assert api.patch(goal, {"target": "2"}).body["standing"] == "met"
    wrong = api.patch(goal, {"metric": "nonsense"})
    assert wrong.status == 404
    assert "nonsense" in wrong.body["detail"]
    api.post(f"{goal}/archive", {})
    assert api.get("/goals").body["items"] == []
    assert api.get("/goals?archived=true").body["items"][0]["name"] == "Spring"

"""Pages of the positioning sheet: to read, to write, versions, views (I15)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.insight.positioning import sheets
from qunce.members.attributes import attributes
from tests import clients, factories

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
URL = "/insight/positioning/"


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def shop() -> Community:
    at = now() - 60 * DAY
    made = factories.community(language="en", timezone="UTC", at=at)
    factories.member(made, "ann2", source="leaflet", at=now() - 3 * DAY)
    return made


@pytest.fixture
def owner(shop: Community) -> Staff:
    return factories.staff(shop)


def read(browser: Any, url: str) -> str:
    answer = browser.get(url)
    assert answer.status_code == 200
    return str(answer.content.decode())


SENT = {
    "seen": "0",
    "product": "Coffee",
    "reason": "Fresh <b>beans</b>",
    "pains": "Old beans\nQueues",
    "leader": "",
    "values": "Honest",
    "say": "Fresh",
    "never_say": "cheapest → fairly priced\ncures",
    "circle_attribute": "",
    "region_attribute": "",
    "view_attribute": "",
    "hook_text_0": "First cup free",
    "hook_pain_0": "Old beans",
    "hook_source_0": "source: leaflet",
    "hook_text_1": "",
    "hook_pain_1": "",
    "hook_source_1": "",
    "served_circle_0": "nurses",
    "served_region_0": "",
}


def test_the_sheet_is_written_read_and_restored(shop: Community, owner: Staff) -> None:
    browser = clients.browser(owner)
    assert "No positioning sheet yet" in read(browser, URL)
    wrong = browser.post(f"{URL}edit/", {**SENT, "hook_source_0": "source: moon"})
    assert wrong.status_code == 422
    assert "“source: moon” is not in the list" in wrong.content.decode()
    assert browser.post(f"{URL}edit/", SENT).status_code == 303
    page = read(browser, URL)
    assert "Fresh &lt;b&gt;beans&lt;/b&gt;" in page
    assert "counted by source: leaflet" in page
    assert "cheapest" in page
    assert "fairly priced" in page
    assert "no attribute" in page
    form = read(browser, f"{URL}edit/")
    assert 'value="source: leaflet"' in form
    assert "cheapest → fairly priced" in form
    stale = browser.post(f"{URL}edit/", SENT)
    assert "Somebody else has saved the sheet" in stale.content.decode()
    browser.post(f"{URL}edit/", {**SENT, "seen": "1", "reason": "Other"})
    assert sheets.load(shop).reason == "Other"
    assert "Reason to buy" in read(browser, f"{URL}versions/")
    assert "Restore this version" in read(browser, f"{URL}versions/1/")
    browser.post(f"{URL}versions/1/restore/")
    assert sheets.load(shop).reason == "Fresh <b>beans</b>"


def test_a_text_that_is_never_said_is_refused_by_pages_and_programs(
    shop: Community, owner: Staff
) -> None:
    sheets.save(
        community=shop,
        content={"never_say": [{"word": "cheapest"}]},
        by=owner,
        at=now(),
    )
    fields = {"kind": "text", "title": "One", "content_type": "fun"}
    bad, good = "The cheapest cup", "A fair cup"
    api = clients.create_client(shop)
    refused = api.post("/materials", {**fields, "text": bad})
    assert refused.status == 409
    assert "The text says “cheapest”" in refused.body["detail"]
    assert api.post("/materials", {**fields, "text": good}).status == 201
    page = clients.browser(owner).post(
        "/outreach/templates/new/",
        {"name": "T", "purpose": "value", "target": "members", "text_A": bad},
    )
    assert "cheapest" in page.content.decode()


def test_operators_read_and_do_not_write(shop: Community, owner: Staff) -> None:
    sheets.save(community=shop, content={"reason": "Fresh"}, by=owner, at=now())
    operator = clients.browser(factories.staff(shop, "operator", "oli"))
    page = read(operator, URL)
    assert "Fresh" in page
    assert f"{URL}edit/" not in page
    assert operator.get(f"{URL}edit/").status_code == 403


def test_programs_read_and_change_the_sheet(shop: Community) -> None:
    api = clients.create_client(shop)
    assert api.get("/positioning").body["version"] == 0
    hook = {"text": "First cup free", "kind": "source", "key": "leaflet"}
    changed = api.patch("/positioning", {"hooks": [hook], "seen": 0})
    assert (changed.status, changed.body["version"]) == (200, 1)
    assert api.patch("/positioning", {"reason": "x", "seen": 0}).status == 409
    (row,) = api.get("/positioning/results?days=30").body["hooks"]
    assert (row["people"], row["joined"], row["bought"]) == (1, 1, 0)
    assert api.get("/positioning/versions").body["items"][0]["fields"] == ["hooks"]
    assert api.get("/positioning/versions/1").body["hooks"][0]["key"] == "leaflet"
    wrong = api.patch("/positioning", {"hooks": [{**hook, "kind": "star"}]})
    assert "Hook 1:" in wrong.body["detail"]


def test_views_say_when_few_have_answered(shop: Community, owner: Staff) -> None:
    attribute = attributes.define(
        community=shop, name="view", type="text", by=owner, at=now() - 50 * DAY
    )
    (account,) = factories.account_ids(shop, ("ann2",))
    attributes.set_values(
        attribute=attribute,
        values={account: "cold"},
        by=owner,
        at=now() - 2 * DAY,
    )
    page = read(clients.browser(owner), f"{URL}views/?attribute=view")
    assert "which is not enough to say" in page
    wrong = read(clients.browser(owner), f"{URL}views/?attribute=view&first=soon")
    assert "“soon” is not a day" in wrong
    api = clients.create_client(shop)
    found = api.get("/positioning/views?attribute=view")
    assert (found.body["people"], found.body["changed"]) == (0, None)

"""The page of findings, the block of the overview, Today, the API and the command (I12)."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from qunce.insight.findings import daily, decisions
from qunce.sets import audiences
from tests import clients, factories
from tests.cli.runner import in_this_process
from tests.insight.findings import planted

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/insight/findings/"


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> planted.Shop:
    """A community whose group fruit has been quiet for three days, until yesterday."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    monkeypatch.setattr(planted, "NOW", midnight)
    return planted.build(quiet="fruit")


def text_of(response: Any) -> str:
    body = re.sub(r"<[^>]+>", " ", response.content.decode())
    return " ".join(html.unescape(body).split())


def test_finding_has_its_people_and_a_draft_and_is_undone(shop: planted.Shop) -> None:
    by = factories.staff(shop.community)
    browser = clients.browser(by)
    now = datetime.now(UTC)
    page = text_of(browser.get(PAGE))
    (finding,) = daily.load(by=by, at=now).open
    assert "Group Fruit" in page
    assert f"Open the {finding.people} people" in page
    assert f"Write to {finding.people} silent members" in page
    assert "No experience yet" in page
    assert "Group Fruit" in text_of(browser.get("/insight/"))
    assert "Group Fruit" in text_of(browser.get("/"))
    opened = browser.post(f"{PAGE}act/", {"cell": finding.cell})
    assert opened.status_code == 303
    draft = parse_qs(urlsplit(opened["Location"]).query)
    form = browser.get(opened["Location"]).content.decode()
    assert draft["name"][0] in form
    assert "we have not heard from you" in form
    assert finding.rule is not None
    (decision,) = decisions.list_visible(by)
    assert (decision.action, decision.decided) == ("write_to_silent", "acted")
    shown = text_of(browser.get(PAGE))
    assert "Nothing has left its weekly rhythm." in shown
    assert "No complete day has passed since then." in shown
    assert browser.post(f"{PAGE}{decision.pk}/withdraw/").status_code == 303
    assert "Something else was done" in text_of(browser.get(PAGE))
    done = browser.post(f"{PAGE}act/", {"cell": finding.cell, "action": "other"})
    assert done["Location"] == PAGE
    assert "did something else" in text_of(browser.get(PAGE))


def test_leaves_of_a_group_lead_to_what_the_group_gets(shop: planted.Shop) -> None:
    """Limits are of the whole community, so that they are no action for one group."""
    gone = shop.members["fruit"][:13]
    planted.remove_members(shop, "fruit", gone, planted.day_at(1))
    by = factories.staff(shop.community, "operator")
    browser = clients.browser(by)
    browser.post(f"{PAGE}count/")
    found = daily.load(by=by, at=datetime.now(UTC)).open
    (finding,) = (each for each in found if each.metric == "leaves")
    assert "See what this group gets" in text_of(browser.get(PAGE))
    opened = browser.post(f"{PAGE}act/", {"cell": finding.cell})
    calendar = text_of(browser.get(opened["Location"]))
    assert "Fruit" in calendar
    assert "Bread" not in calendar
    assert "looked at what the group gets" in text_of(browser.get(PAGE))


def test_dismissal_needs_a_reason_and_shows_it_escaped(shop: planted.Shop) -> None:
    by = factories.staff(shop.community)
    browser = clients.browser(by)
    (finding,) = daily.load(by=by, at=datetime.now(UTC)).open
    url = f"{PAGE}dismiss/"
    assert browser.post(url, {"cell": finding.cell}).status_code == 422
    assert browser.post(url, {"cell": "no", "reason": "a"}).status_code == 404
    posted = {"cell": finding.cell, "reason": "x", "own_reason": "<b>holiday"}
    assert browser.post(url, posted).status_code == 303
    body = browser.get(PAGE, {"decided": "dismissed"}).content.decode()
    assert "&lt;b&gt;holiday" in body
    assert "<b>holiday" not in body
    assert browser.post(f"{PAGE}count/").status_code == 303


def test_viewers_and_staff_of_other_groups_get_no_buttons(shop: planted.Shop) -> None:
    viewer = clients.browser(factories.staff(shop.community, "viewer", login="viewer"))
    other = factories.staff(shop.community, "operator", login="x", groups=["tea"])
    page = text_of(viewer.get(PAGE))
    assert "Group Fruit" in page
    assert "Write to" not in page
    assert "Group Fruit" not in text_of(viewer.get("/"))
    assert viewer.post(f"{PAGE}act/", {"cell": "a"}).status_code == 403
    hidden = text_of(clients.browser(other).get(PAGE))
    assert "Nothing has left its weekly rhythm." in hidden
    assert "Fruit" not in hidden


def test_api_and_command_line_have_the_numbers_of_the_page(
    shop: planted.Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    run = in_this_process(capsys, "--json", "--as", "cli")
    api = clients.create_client(shop.community)
    by = factories.staff(shop.community, login="cli")
    body = api.get("/findings").body
    (row,) = body["findings"]
    page = text_of(clients.browser(by).get(PAGE))
    assert row["text"] in page
    assert row["difference"] == row["observed"] - row["expected"]
    count = audiences.count(
        community=shop.community, rule=row["rule"], by=by, at=datetime.now(UTC)
    )
    assert row["people"] == count
    listed = run("findings", "list")
    assert listed.json["findings"][0]["cell"] == row["cell"]
    cell = {"cell": row["cell"]}
    assert api.post("/findings/dismiss", cell | {"reason": ""}).status == 422
    done = api.post("/findings/act", cell | {"action": "other"})
    assert (done.status, done.body["finding"]["cell"]) == (201, row["cell"])
    assert api.post("/findings/act", cell).status == 404
    (decision,) = api.get("/findings/decisions").body["items"]
    assert (decision["action"], decision["outcome"]) == ("other", None)
    withdrawn = api.post(f"/findings/decisions/{decision['id']}/withdraw")
    assert withdrawn.body["state"] == "withdrawn"
    dismissed = run("findings", "dismiss", row["cell"], "--reason", "known")
    assert dismissed.json["reason"] == "known"
    assert api.get("/findings").body["findings"] == []
    history = run("findings", "history")
    assert [each["id"] for each in history.json["decisions"]] == [dismissed.json["id"]]


def test_draft_of_an_address_is_in_the_form_of_a_campaign(shop: planted.Shop) -> None:
    browser = clients.browser(factories.staff(shop.community))
    query = {"name": "<i>Name", "text": "Text " * 1000, "rule": '{"all": []}'}
    body = browser.get("/outreach/new/", query).content.decode()
    assert "&lt;i&gt;Name" in body
    assert body.count("Text ") <= 2_000 // 5 + 5

"""Pages of staff performance: numbers that lead to what they count, files, API and CLI."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from qunce.core.staff.models import Staff
from qunce.members.staff_in_charge import assignments
from qunce.outreach.campaigns import launch
from qunce.sets import audiences
from tests import clients, factories
from tests.cli.runner import in_this_process
from tests.insight.staff_performance import chats
from tests.insight.staff_performance.chats import MINUTE, World

pytestmark = pytest.mark.django_db(transaction=True)

HOSTILE = "<script>alert(1)</script>"
CELL = re.compile(r'<a href="([^"]+)">([^<]+)</a>')


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """The chats end yesterday, as pages know no other clock than that of now."""
    now = datetime.now(UTC)
    monkeypatch.setattr(chats, "AT", now)
    monkeypatch.setattr(chats, "START", now - timedelta(days=20))
    world = chats.create()
    world.wang.name = HOSTILE
    world.wang.save(update_fields=["name"])
    for number in range(30):
        opened = now - timedelta(days=14) + timedelta(hours=4 * number)
        world.say("bob", opened)
        world.say("wang-wx", opened + (2 + number) * MINUTE)
    world.say("cyd", now - timedelta(days=1, hours=6), "south")
    people = factories.account_ids(world.shop, ("bob", "cyd"))
    assignments.assign(
        community=world.shop, accounts=people, staff=world.wang, by=world.by, at=now
    )
    factories.order(world.shop, people[0], 1200, now - timedelta(days=2))
    chats.derive()
    campaign = factories.campaign(world.by, staff=[world.wang.pk])
    launch.start(campaign=campaign, by=world.by, at=now - timedelta(days=2))
    return world


def get(staff: Staff, path: str) -> str:
    response = clients.browser(staff).get(path)
    assert response.status_code == 200, path
    return response.content.decode()


def count_behind(world: World, href: str) -> int:
    """How many entries the list of a number has."""
    url = html.unescape(href)
    if url.startswith("/members/"):
        rule = json.loads(parse_qs(urlsplit(url).query)["rule"][0])
        return audiences.count(
            community=world.shop, rule=rule, by=world.by, at=datetime.now(UTC)
        )
    page = get(world.by, url)
    if "/groups/" in url:
        return sum(
            int(number)
            for number in re.findall(r'data-name="Messages"><bdi>(\d+)', page)
        )
    found = re.search(r"· (\d+) entr", page)
    assert found is not None, url
    return int(found[1])


def test_every_number_leads_to_as_many(world: World) -> None:
    """I9"""
    page = get(world.by, "/insight/staff/?hours=09:00-18:00")
    assert HOSTILE not in page
    assert html.escape(HOSTILE) in page
    assert "16 min" in page  # the median of 2 to 31 minutes
    assert "97 % of those that are not waiting" not in page
    assert "100 % of those that are not waiting were answered" in page
    links = [
        (href, text)
        for href, text in CELL.findall(page)
        if "/staff/" in href or "/members/" in href
    ]
    checked = [
        (href, int(text), count_behind(world, href))
        for href, text in links
        if text.isdigit() and "%22order" not in href
    ]
    assert len(checked) > 8
    assert [
        each for each in checked if each[1] != each[2] and "/groups/" not in each[0]
    ] == []
    outcome = re.findall(r"<strong>(\d+)</strong> <span", page)
    assert [int(number) for number in outcome] == [31, 30, 1, 0]


def test_rows_are_by_name_until_a_heading_is_chosen(world: World) -> None:
    def names(page: str) -> list[str]:
        table = page[page.index("h-answers") : page.index("h-tasks")]
        return re.findall(r'<th scope="row"><bdi>([^<]+)', table)

    world.say("xu-wx", datetime.now(UTC) - timedelta(days=1))
    chats.derive()
    shown = [html.escape(HOSTILE), "Xu", "All together"]
    assert names(get(world.by, "/insight/staff/?sort=same_day")) == shown
    world.wang.name = "Zhou"
    world.wang.save(update_fields=["name"])
    assert names(get(world.by, "/insight/staff/"))[:2] == ["Xu", "Zhou"]
    assert names(get(world.by, "/insight/staff/?sort=answered"))[:2] == ["Zhou", "Xu"]


def test_staff_see_their_own_row_only(world: World) -> None:
    page = get(world.wang, "/insight/staff/")
    assert "Only managers see those of others" in page
    assert "Conversations of members" not in page
    assert "Nothing in these days: <bdi>Xu" not in page
    browser = clients.browser(world.wang)
    for path in ("conversations", "tasks", "groups"):
        assert browser.get(f"/insight/staff/{world.wang.pk}/{path}/").status_code == 200
        assert browser.get(f"/insight/staff/{world.xu.pk}/{path}/").status_code == 404
    assert browser.get("/insight/staff/others/groups/").status_code == 404
    url = "/insight/staff/all/conversations/?of=opened"
    assert browser.get(url).status_code == 404
    assert clients.browser(world.by).get(url).status_code == 200


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("hours=9", "09:00-18:00"),
        ("first=soon", "First day"),
        ("first=2020-01-01", "at most 366 days"),
        ("last=2999-01-01", "at most 366 days"),
    ],
)
def test_invalid_questions_are_refused(world: World, query: str, message: str) -> None:
    response = clients.browser(world.by).get(f"/insight/staff/?{query}")
    assert response.status_code == 422
    assert message in response.content.decode()


def test_files_api_and_command_have_the_same_numbers(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    browser = clients.browser(world.by)
    text = browser.get("/insight/staff/?as=csv").content.decode()
    rows = [line.split(",") for line in text.lstrip("\ufeff").splitlines()]
    row = dict(zip(rows[0], next(r for r in rows if HOSTILE in r[0]), strict=True))
    assert (row["Answers"], row["First-answer time"]) == ("30", str(16 * 60))
    svg = browser.get("/insight/staff/?as=svg").content.decode()
    assert "16 min" in svg
    assert HOSTILE not in svg
    assert browser.get("/insight/staff/?as=exe").status_code == 404

    api = clients.ApiClient(clients.create_token(world.by))
    body: Any = api.get("/staff-performance").body
    (own,) = [each for each in body["staff"] if each["login"] == "wang"]
    assert own["answers"]["median"] == 16 * 60
    assert own["tasks"]["assigned"] == 1
    assert own["members"]["sales"] == 1200
    assert body["total"]["answers"] == own["answers"]
    assert body["conversations"] == {
        "opened": 31,
        "answered": 30,
        "waiting": 1,
        "unanswered": 0,
    }
    assert api.get("/staff-performance?hours=9").status == 422
    of_wang = (
        clients.ApiClient(clients.create_token(world.wang))
        .get("/staff-performance")
        .body
    )
    assert [each["login"] for each in of_wang["staff"]] == ["wang"]
    assert of_wang["conversations"] is None

    run = in_this_process(capsys, "--community", world.shop.key)
    printed = run("staff-performance").output
    assert "16 min" in printed
    assert "31 conversations, 30 answered, 0 unanswered" in printed
    printed = run("--json", "staff-performance", "--hours", "00:00-24:00").output
    answer = json.loads(printed)
    assert answer["total"]["answers"]["answered"] == 30

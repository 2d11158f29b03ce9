"""Pages of retention, retained members and touches: numbers, links and files."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from qunce import ingest
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.ingest.incoming_facts import IncomingFact
from qunce.sets import audiences
from qunce.sets.mirror import deriver
from tests import clients, factories

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)


@pytest.fixture
def shop() -> Community:
    """70 members of two sources joined four weeks ago; those of the parcel came back."""
    now = datetime.now(UTC)
    monday = now - timedelta(days=now.weekday() + 28)
    shop = factories.community(timezone="UTC", language="en", at=monday - DAY)
    people = [
        factories.member(
            shop,
            f"m{number:02}",
            joined_at=monday,
            at=now,
            source="parcel" if number < 35 else "shop",
        ).pk
        for number in range(70)
    ]
    ingest.record_facts(
        community=shop,
        incoming=[
            IncomingFact(
                kind="message.posted", account=person, happened_at=monday + 8 * DAY
            )
            for index, person in enumerate(people)
            if index < 28 or index >= 63
        ],
        by=staff_models.system(shop),
        at=now,
    )
    for key in ("m00", "m01"):
        factories.leave(shop, key, at=now - 2 * DAY)
    deriver.catch_up()
    return shop


def visible(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_retention_by_source_links_to_the_people(shop: Community, by: Staff) -> None:
    """C4"""
    browser = clients.browser(by)
    page = browser.get("/insight/retention/", {"by": "source"}).content.decode()
    text = visible(page)
    assert "Compared by Source" in text
    assert re.search(r"parcel 35 80 % 28 ", text)
    assert re.search(r"shop 35 20 % 7 ", text)
    assert re.search(r"70 50 % 35 ", text)
    # A cell of the table is a segment with the same number.
    links = re.findall(r'<a href="(/members/segments/new/\?rule=[^"]+)"', page)
    rules = [
        json.loads(parse_qs(urlsplit(html.unescape(link)).query)["rule"][0])
        for link in links
    ]
    sizes = [
        audiences.count(community=shop, rule=rule, by=by, at=datetime.now(UTC))
        for rule in rules
    ]
    assert {70, 35} <= set(sizes)
    # A cell of a line is a list.
    (link,) = re.findall(
        r'href="(/insight/retention/people/\?[^"]+periods=1&amp;part=parcel)"', page
    )
    people = visible(browser.get(html.unescape(link)).content.decode())
    whole = link.replace("periods=1", "periods=0")
    assert f'href="{whole}"' in page
    assert "35 members" in visible(browser.get(html.unescape(whole)).content.decode())
    assert "28 members" in people
    assert "m05" in people
    assert "m63" not in people


def test_rolling_periods_are_lists(shop: Community, by: Staff) -> None:
    browser = clients.browser(by)
    page = browser.get("/insight/retention/", {"mode": "rolling"}).content.decode()
    (link,) = set(
        re.findall(
            r'href="(/insight/retention/people/\?[^"]+periods=1&amp;cohort=7)"', page
        )
    )
    assert "35 members" in visible(browser.get(html.unescape(link)).content.decode())


def test_retention_can_be_downloaded(shop: Community, by: Staff) -> None:
    browser = clients.browser(by)
    table = browser.get("/insight/retention/", {"by": "source", "as": "csv"})
    lines = table.content.decode().splitlines()
    assert lines[1].startswith("All together,70,35,70,")
    assert any(line.startswith("parcel,35,28,35,") for line in lines)
    picture = browser.get("/insight/retention/", {"as": "svg"})
    assert picture["Content-Type"] == "image/svg+xml"
    assert b"50 %" in picture.content
    assert browser.get("/insight/retention/", {"as": "exe"}).status_code == 404


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"period": "year"}, "By: Select a valid choice"),
        ({"count": "1"}, "How many: "),
        ({"period": "day", "count": "40"}, "2 to 31 cohorts"),
        ({"start": "no.such"}, "People who: "),
        ({"by": "nothing"}, "Compare: "),
    ],
)
def test_invalid_questions_are_refused(
    shop: Community, by: Staff, query: dict[str, str], sentence: str
) -> None:
    answer = clients.browser(by).get("/insight/retention/", query)
    assert answer.status_code == 422
    assert sentence in visible(answer.content.decode())


def test_account_shows_numbers_lines_and_people(shop: Community, by: Staff) -> None:
    """I2"""
    browser = clients.browser(by)
    page = browser.get("/insight/retained/").content.decode()
    text = visible(page)
    assert "0 At the start" in text or "70 At the start" in text
    first = (datetime.now(UTC) - 60 * DAY).date().isoformat()
    page = browser.get("/insight/retained/", {"first": first}).content.decode()
    text = visible(page)
    equation = "0 At the start + 70 Joined + 0 Came back − 2 Left = 68 At the end +68"
    assert equation in text
    assert "parcel 0 35 0 2 33" in text
    assert "shop 0 35 0 0 35" in text
    (link,) = re.findall(
        r'href="(/insight/retained/people/\?[^"]+column=left&amp;part=parcel)"', page
    )
    people = visible(browser.get(html.unescape(link)).content.decode())
    assert "2 members" in people
    assert "m00" in people
    # The list is a segment, also of people who have left.
    (rule,) = re.findall(
        r'name="rule" value="([^"]+)"',
        browser.get(html.unescape(link)).content.decode(),
    )
    assert json.loads(html.unescape(rule)) == {
        "with_left": {"members": {"keys": ["m00", "m01"]}}
    }
    builder = browser.post("/members/segments/new/rule/", {"rule": html.unescape(rule)})
    assert "2 members listed individually" in visible(builder.content.decode())
    table = browser.get("/insight/retained/", {"first": first, "as": "csv"})
    assert "All members,0,70,0,2,68" in table.content.decode()
    before = browser.get(
        "/insight/retained/", {"first": "2020-01-01", "last": "2020-01-02"}
    )
    assert "Nobody whom you see was in the community" in before.content.decode()
    refused = browser.get("/insight/retained/", {"first": "2999-01-01"})
    assert refused.status_code == 422


def test_account_of_a_group(shop: Community, by: Staff) -> None:
    group = factories.group(shop, "north", "m05", "m06")
    deriver.catch_up()
    first = (factories.AT - 5 * DAY).date().isoformat()
    query = {"group": str(group.pk), "first": first}
    text = visible(
        clients.browser(by).get("/insight/retained/", query).content.decode()
    )
    assert "+ 2 Joined − 0 Left = 2 At the end" in text
    assert "Came back" not in text


def test_touches_before_the_first_order(shop: Community, by: Staff) -> None:
    """C5"""
    browser = clients.browser(by)
    page = visible(browser.get("/insight/touches/").content.decode())
    assert "Nobody bought for the first time" in page
    now = datetime.now(UTC)
    for number in range(31):
        factories.order(shop, f"m{number:02}", 100, now - 2 * DAY)
    deriver.catch_up()
    page = browser.get("/insight/touches/").content.decode()
    text = visible(page)
    assert "Here 100 % bought before the seventh message" in text
    assert "no message 31 Share" in text or "no message 31 100.0 % 100.0 %" in text
    link = re.findall(r'href="(/insight/touches/people/\?[^"]+touches=0)"', page)[0]
    assert "31 members" in visible(browser.get(html.unescape(link)).content.decode())
    table = browser.get("/insight/touches/", {"as": "csv"}).content.decode()
    assert "no message,31,100.0,100.0" in table
    svg = browser.get("/insight/touches/", {"as": "svg"})
    assert svg.content.startswith(b"<svg")
    assert browser.get("/insight/touches/", {"window": "0"}).status_code == 422

"""The pages of groups compared and of peak hours, and the ratios of the overview."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from qunce import ingest
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.ingest.incoming_facts import IncomingFact
from qunce.sets.mirror import deriver
from tests import clients, factories

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime.now(UTC)
YESTERDAY = NOW - timedelta(days=1)


@pytest.fixture
def shop() -> Community:
    """40 members in north, 5 of them in south, too; 12 wrote in north, 2 in south."""
    shop = factories.community(timezone="UTC", language="en")
    keys = [f"m{number}" for number in range(40)]
    people = factories.members(shop, *keys, joined_at=NOW - timedelta(days=40))
    by = factories.staff(shop, login="setup")
    factories.group(shop, "north", *people, name="=North")
    factories.group(shop, "south", *people[:5], name="South")
    incoming = [
        IncomingFact(
            kind="message.posted",
            happened_at=YESTERDAY.replace(hour=21, minute=number),
            account=person,
            group=group,
        )
        for group, writers in (("north", people[:12]), ("south", people[:2]))
        for number, person in enumerate(writers)
    ]
    ingest.record_facts(community=shop, incoming=incoming, by=by, at=NOW)
    deriver.catch_up()
    return shop


def rows_of(page: str) -> list[str]:
    """The texts of the rows of the first table."""
    table = page.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = [re.sub(r"<[^>]+>", " ", row) for row in table.split("<tr")[1:]]
    return [" ".join(html.unescape(row.partition(">")[2]).split()) for row in rows]


def test_groups_are_compared_with_their_sum_and_the_different_people(
    shop: Community, by: Staff
) -> None:
    """I1 I16"""
    browser = clients.browser(by)
    page = browser.get("/insight/groups/").content.decode()
    north, south, together, different = rows_of(page)
    assert north == "=North 40 12 30.0 % 12 12 0 0 0 0"
    # 5 people are too few for a share.
    assert south == "South 5 2 2 2 0 0 0 0"
    assert together == "All groups together 45 14 14 14 0 0 0 0"
    assert different == "Different people 40 12 12"
    assert "5 times somebody is in a further group" in page
    by_name = browser.get("/insight/groups/", {"sort": "name"}).content.decode()
    assert 'aria-sort="ascending"' in by_name
    table = browser.get("/insight/groups/", {"as": "csv"}).content.decode()
    assert "\r\n'=North,40,12,12,12,0,0,0,0\r\n" in table
    assert "Different people,40,12,12,,,,," in table


def test_numbers_of_groups_link_to_their_people(shop: Community, by: Staff) -> None:
    """I16: the list is as long as the number says."""
    browser = clients.browser(by)
    page = html.unescape(browser.get("/insight/groups/").content.decode())
    links = re.findall(r'<a href="(/members/\?[^"]+)">(\d+)</a>', page)
    assert len(links) == 8
    for href, number in links:
        assert "rule" in parse_qs(urlsplit(href).query) or "group=" in href
        members = browser.get(href).content.decode()
        assert f'<strong class="num">{number}</strong>' in members, href


def test_joins_leaves_and_interactions_link_to_their_people(
    shop: Community, by: Staff
) -> None:
    """Three interacted in south twice each, and one clicked in a direct message."""
    people = factories.account_ids(shop, ("m0", "m1", "m2"))
    others = factories.account_ids(shop, ("m7", "m8"))
    incoming = [
        IncomingFact(
            kind=kind,
            happened_at=YESTERDAY.replace(hour=hour, minute=3),
            account=person,
            group=group,
        )
        for kind, group, hours, who in (
            ("reaction.added", "south", (9, 10), people),
            ("send.clicked", "", (9,), people[:1]),
            ("group.joined", "south", (8,), others),
            ("group.left", "south", (11,), people[:1]),
        )
        for hour in hours
        for person in who
    ]
    ingest.record_facts(community=shop, incoming=incoming, by=by, at=NOW)
    deriver.catch_up()
    browser = clients.browser(by)
    page = html.unescape(browser.get("/insight/groups/").content.decode())
    _north, south, together, elsewhere, _different = rows_of(page)
    assert south.endswith(" 6 2 1 +1")
    assert together.endswith(" 6 2 1 +1")
    # Seven on the overview: six in groups, and one in none of them.
    assert elsewhere == "In none of these groups 1"
    overview = html.unescape(browser.get("/insight/").content.decode())
    assert re.search(r">Interactions</h3>.*?>\s*7\b", overview, re.S)
    links = re.findall(
        r'data-name="(\w+)"><a href="(/members/\?[^"]+)">(\d+)</a>', page
    )
    behind = {name: (href, number) for name, href, number in links}
    for name, number, size in (
        ("Interactions", 6, 3),
        ("Joins", 2, 2),
        ("Leaves", 1, 1),
    ):
        href, shown = behind[name]
        assert int(shown) == number
        members = browser.get(href).content.decode()
        assert f'<strong class="num">{size}</strong>' in members, name


def test_scope_hides_groups_and_people(shop: Community) -> None:
    viewer = factories.staff(shop, login="viewer", groups=["south"])
    page = clients.browser(viewer).get("/insight/groups/").content.decode()
    assert "South" in page
    assert "North" not in page
    hours = clients.browser(viewer).get("/insight/hours/").content.decode()
    assert "South" in hours
    assert "North" not in hours


def test_peak_hours_show_the_week_of_a_group(shop: Community, by: Staff) -> None:
    """I4"""
    browser = clients.browser(by)
    page = browser.get("/insight/hours/").content.decode()
    weekday = YESTERDAY.strftime("%A")
    assert f"<strong>{weekday} 21:00</strong>" in page
    assert '<td class="hour tone-10">14</td>' in page
    assert page.count('<td class="hour') == 7 * 24
    south = re.findall(r'<option value="(\d+)">South</option>', page)[0]
    of_south = browser.get("/insight/hours/", {"group": south}).content.decode()
    assert '<td class="hour tone-10">2</td>' in of_south
    table = browser.get("/insight/hours/", {"group": south, "as": "csv"})
    assert f"{weekday}," in table.content.decode()
    assert browser.get("/insight/hours/", {"as": "svg"}).content.startswith(b"<svg")
    assert browser.get("/insight/hours/", {"as": "exe"}).status_code == 404
    # What nobody offers is replaced by the first choice.
    odd = {"group": "999", "subject": "x", "days": "-1"}
    assert browser.get("/insight/hours/", odd).content.decode().count("14</td>") > 0


def test_overview_begins_with_yesterday_and_has_ratios(
    shop: Community, by: Staff
) -> None:
    """I2 I3"""
    page = clients.browser(by).get("/insight/").content.decode()
    yesterday = page.partition('id="yesterday"')[2].partition("</section>")[0]
    assert [
        text for text in ("Net growth", "Active members", "Paid") if text in yesterday
    ] == ["Net growth", "Active members", "Paid"]
    ratios = page.partition('id="ratios"')[2].partition("</section>")[0]
    text = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", ratios)).split())
    assert "30.0 %" in text
    assert "Speaking members 12 ÷ Members now 40" in text
    assert "not enough to say" in text

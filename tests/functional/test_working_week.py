"""A working week: Monday at eight, and Friday, from the first click to the result.

In Chinese at a desk, in English on a phone. Background work runs as of the time that the
test sets, and sends through a channel that records.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright import sync_api as playwright
from playwright.sync_api import expect

from tests import browser, home
from tests.functional import (
    clocked_site,
    conftest,
    test_guide,
    week_shops,
    week_site,
)
from tests.functional.browser_user import BrowserUser
from tests.functional.clocked_site import Site
from tests.functional.walker import Walker
from tests.functional.week_shops import WORDS, Words
from tests.functional.week_site import FRIDAY, LANGUAGES, MONDAY

MINUTE = timedelta(minutes=1)
BOTH = pytest.mark.parametrize("prefix", list(LANGUAGES))
READY = week_shops.NEWCOMERS - week_shops.WITHOUT_CHANNEL
"""Newcomers whom the channel reaches."""
OTHERS = 2 * len(week_shops.JOINED_BEFORE)
LONG_HERE = 8
"""Members for whom the third message of the playbook was due before Friday."""
NEW = {"zh": "周小满", "en": "Zoe Newman"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = home.migrated(tmp_path_factory.mktemp("week"))
    with clocked_site.running(folder, week_site.__name__) as running:
        yield running


@pytest.fixture
def visit(
    site: Site, chromium: playwright.Browser, request: pytest.FixtureRequest
) -> Iterator[Any]:
    yield from conftest.visits(site.url, {}, chromium, site.sessions, request)


def walker_of(visit: Any, prefix: str, login: str, name: str) -> Walker:
    user: BrowserUser = visit(f"{prefix}-{login}", phone=prefix == "en")
    return Walker(user, LANGUAGES[prefix], name)


@BOTH
def test_monday_at_eight(site: Site, visit: Any, prefix: str) -> None:
    site.work(MONDAY + 2 * MINUTE)
    words = WORDS[LANGUAGES[prefix]]
    lan = walker_of(visit, prefix, "lan", "monday")
    lan.user.go("/")
    waiting = lan.count("%(n)s welcome waits for you", "%(n)s welcomes wait for you", 2)
    lan.reads(waiting)
    lan.reads(lan.label("No channel reaches these newcomers."))
    lan.reads(
        lan.count(
            "%(n)s other was welcomed in 24 hours.",
            "%(n)s others were welcomed in 24 hours.",
            READY,
        )
    )
    # Nothing is to be done for those, and the groups are one task.
    newcomers = lan.count("Welcome %(n)s newcomer", "Welcome %(n)s newcomers", 12)
    expect(lan.page.locator("main")).not_to_contain_text(newcomers)
    task = lan.count(
        "Send “%(campaign)s” to %(n)s more group",
        "Send “%(campaign)s” to %(n)s more groups",
        week_shops.GROUPS["lan"],
        campaign=words.column,
    )
    lan.reads(task)
    lan.see("today")
    post_welcomes(lan, waiting)
    lan.user.go("/")
    expect(lan.page.locator("main")).not_to_contain_text(waiting)
    lan.page.get_by_role("link", name=task).click()
    if prefix == "zh":
        send_by_keys(lan, words)
    else:
        send_by_touch(lan, words)
    lan.reads(lan.label("All done. Thank you."))
    lan.see("task-done")
    lan.user.go("/")
    lan.reads(lan.label("All clear for today"))
    manager = walker_of(visit, prefix, "manager", "monday")
    nudge(manager, words)
    photograph(visit, prefix, {"who_is_left": manager.page.url})


def photograph(visit: Any, prefix: str, pages: dict[str, str]) -> None:
    """Take pictures of these addresses for the guide."""
    if not browser.PICTURES:
        return
    user = visit(f"{prefix}-manager", viewport=test_guide.DESKTOP)
    for name, address in pages.items():
        user.go(address)
        test_guide.take_picture(user, prefix, name)


def post_welcomes(lan: Walker, waiting: str) -> None:
    """Post the welcomes of the two whom no channel reaches, from Today on."""
    page = lan.page
    page.get_by_role("link", name=waiting).click()
    rows = page.locator("main ol > li")
    expect(rows).to_have_count(2)
    lan.see("welcomes")
    for left in (1, 0):
        text = rows.first.locator(".bubble").inner_text()
        lan.click("Copy text", within=rows.first)
        expect(rows.first.locator(".copied")).to_be_visible()
        assert copied(lan) == text
        lan.click("Mark as sent", within=rows.first)
        expect(rows).to_have_count(left)
    lan.reads(lan.label("There is nothing to post now."))


def copied(walker: Walker) -> str:
    text: str = walker.page.evaluate("navigator.clipboard.readText()")
    return text


def open_groups(lan: Walker) -> Any:
    lan.page.locator("[data-next]").click()
    rows = lan.page.locator("[data-row].open")
    expect(rows).to_have_count(week_shops.GROUPS["lan"])
    # The script of the page has seen the rows.
    expect(rows.first).to_have_attribute("aria-current", "true")
    lan.see("task")
    return rows


def send_by_keys(lan: Walker, words: Words) -> None:
    """C copies the text, and Space marks one group after the other."""
    rows = open_groups(lan)
    lan.user.press("c")
    expect(lan.page.locator(".copied")).to_be_visible()
    assert copied(lan) == words.text
    for left in (2, 1, 0):
        lan.user.press("Space")
        expect(rows).to_have_count(left)


def send_by_touch(lan: Walker, words: Words) -> None:
    rows = open_groups(lan)
    for left in (2, 1, 0):
        lan.click("Copy and mark", within=rows.first)
        expect(rows).to_have_count(left)
        assert copied(lan) == words.text


def nudge(manager: Walker, words: Words) -> None:
    """See who has not sent, and copy a reminder for them."""
    manager.user.go("/outreach/")
    manager.page.get_by_role("link", name=words.column).first.click()
    names = manager.label(", ").join(
        manager.label("%(n)s %(name)s", n=n, name=words.staff[login])
        for login, n in (("wang", 4), ("li", 3))
    )
    left = manager.count(
        "%(n)s group left: %(names)s", "%(n)s groups left: %(names)s", 7, names=names
    )
    manager.reads(left)
    manager.see("left")
    manager.click("Copy reminder")
    expect(manager.page.locator(".copied")).to_be_visible()
    assert left in copied(manager)
    assert words.column in copied(manager)


@BOTH
def test_friday(site: Site, visit: Any, prefix: str) -> None:
    site.work(FRIDAY)
    walk = walker_of(visit, prefix, "manager", "friday")
    name = walk.label("First 30 days")
    copy_template(walk, name)
    rehearse(walk)
    walk.follow("Switch on …")
    expect(walk.page.locator("input[name=existing][value=nobody]")).to_be_checked()
    nobody = "Nobody begins now, so nothing is sent before somebody new enters."
    walk.reads(walk.label(nobody))
    expect(walk.page.locator(".playbook-steps .step").first).to_be_visible()
    walk.see("start")
    walk.click("Switch on")
    toast = walk.page.locator("[data-toast]")
    text = walk.label("Switched on. It begins with new entries from now on.")
    expect(toast).to_contain_text(text)
    walk.see("running")
    # Somebody new joins, and the sender sends what the playbook says.
    newcomer = {"shop": prefix, "key": "friday", "name": NEW[prefix]}
    arrived = site.work(FRIDAY + MINUTE, **newcomer)
    arrived += site.work(FRIDAY + 3 * MINUTE)
    greeting = walk.label(
        "Hello {name|there}, good to have you with us! Ask me anything, any time."
    )
    hello = re.sub(r"\{name\|\w+\}", NEW[prefix], greeting)
    assert hello in texts_to(arrived, f"{prefix}-friday")
    watch_run(walk, NEW[prefix])
    detail = walk.page.url
    ask_why(walk, NEW[prefix])
    pages = {"playbook_graph": f"{detail}graph/", "rehearsal": f"{detail}rehearsal/"}
    photograph(visit, prefix, pages)


def texts_to(arrived: clocked_site.Messages, key: str) -> list[str]:
    return [message["text"] for message in arrived if message["to"] == key]


def copy_template(walk: Walker, name: str) -> None:
    walk.user.go("/outreach/playbooks/")
    walk.follow("New playbook")
    walk.reads(name)
    walk.see("templates")
    walk.page.locator("button[value='first-days']").click()
    expect(walk.page.get_by_role("heading", level=1)).to_contain_text(name)
    expect(walk.page.locator(".playbook-steps .step").first).to_be_visible()
    walk.see("edit")


def rehearse(walk: Walker) -> None:
    """See what it would have done in the last month, and go to the playbook."""
    walk.follow("Rehearse")
    messages = 2 * (READY + OTHERS)
    walk.reads(
        walk.label(
            "It would have sent %(messages)s to %(recipients)s; the contact limit would"
            " have stopped %(n)s.",
            messages=walk.count("%(n)s message", "%(n)s messages", messages),
            recipients=walk.count("%(n)s member", "%(n)s members", READY + OTHERS),
            n=LONG_HERE,
        )
    )
    walk.see("rehearsal")
    walk.follow("Back")


def watch_run(walk: Walker, name: str) -> None:
    """See the newcomer in the playbook, and that their message was delivered."""
    page = walk.page
    page.reload()
    numbers = page.get_by_role("region", name=walk.label("Numbers"))
    under_way = numbers.locator("dd a").first
    expect(under_way).to_have_text("1")
    under_way.click()
    page.get_by_role("link", name=name).click()
    happened = page.get_by_role("region", name=walk.label("What has happened"))
    expect(happened.locator("li")).to_have_count(1)
    with_state = walk.label_in("recipient", "delivered")
    expect(happened.locator("li").first).to_contain_text(with_state)
    walk.see("run")
    walk.follow("Back")


def ask_why(walk: Walker, newcomer: str) -> None:
    """Find the newcomer and somebody else by name, and read why they are in it or not."""
    page, words = walk.page, WORDS[walk.language]
    walk.follow("Why is somebody not in it?")
    asked = ((newcomer, "is in it"), (words.names[0], "is not in it"))
    for name, state in asked:
        page.locator("#member-search").fill(name)
        found = page.locator("#members-found label").filter(has_text=name)
        found.first.locator("input").check()
        walk.click("Why?")
        answer = page.get_by_role("region", name=name)
        expect(answer).to_contain_text(walk.label(state))
    walk.reads(walk.label("the playbook was not switched on yet"))
    walk.see("why")

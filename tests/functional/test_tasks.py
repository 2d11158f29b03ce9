"""Group by group: the text once, groups as rows, by keyboard and by touch; and Moments."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext, override
from playwright.sync_api import Locator, expect

from tests.functional.browser_user import BrowserUser

TEXT = "早安，今天的栏目来了\nGood morning"
GROUPS = 4


def start_campaign(user: BrowserUser, name: str, staff: str) -> None:
    """Send one text to all groups, and open one's own task."""
    page = user.page
    user.go("/outreach/new/")
    page.locator("input[name=name]").fill(name)
    page.locator("input[name=target][value=groups]").check()
    page.locator("textarea[name=text]").fill(TEXT)
    boxes = page.locator("input[name=groups]")
    expect(boxes).to_have_count(GROUPS)
    for box in boxes.all():
        box.check()
    page.get_by_label(staff, exact=True).check()
    page.locator("form.campaign-form button.primary").click()
    page.wait_for_url(re.compile(r"/review/"))
    page.locator("main button.primary").click()
    page.wait_for_url(re.compile(r"/outreach/\d+/$"))


def open_rows(user: BrowserUser, link: str) -> Locator:
    user.page.get_by_role("link", name=link).first.click()
    user.page.wait_for_url(re.compile(r"/outreach/tasks/\d+/$"), wait_until="load")
    user.page.locator("[data-next]").click()
    rows = user.page.locator("[data-row].open")
    expect(rows).to_have_count(GROUPS)
    # The script of the page has seen the rows.
    expect(rows.first).to_have_attribute("aria-current", "true")
    return rows


def test_groups_are_done_one_by_one_by_keyboard(visit: Any) -> None:
    ann = visit("ann")
    page = ann.page
    start_campaign(ann, "Morning column", "Ann Lee")
    campaign = page.url
    rows = open_rows(ann, "Continue my task")
    expect(page.locator(".bubble")).to_have_count(1)
    ann.press("c")
    expect(page.locator(".copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == TEXT
    ann.press("Space")
    expect(rows).to_have_count(3)
    expect(rows.first).to_have_attribute("aria-current", "true")
    ann.press("Space")
    expect(rows).to_have_count(2)
    ann.press("u")
    expect(rows).to_have_count(3)
    ann.press("Space")
    expect(rows).to_have_count(2)
    ann.press("x")
    page.keyboard.press("Tab")
    page.keyboard.type("not in the group any more")
    ann.press("Enter")
    expect(rows).to_have_count(1)
    expect(page.locator("#task")).to_contain_text("not in the group any more")
    expect(page.locator("#task")).to_contain_text("3 of 4 done, 1 left")
    ann.take_screenshot("task-groups-desktop")
    ann.go(campaign)
    expect(page.locator("main")).to_contain_text("1 group left: 1 Ann Lee")


def test_groups_are_done_one_by_one_by_touch(visit: Any) -> None:
    mei = visit("mei", phone=True)
    page = mei.page
    start_campaign(mei, "早间栏目", "林美")
    with override("zh-hans"):
        go_on, mark, undo = map(gettext, ("Continue my task", "Mark as sent", "Undo"))
    rows = open_rows(mei, go_on)
    assert not mei.overflows()
    for left in (3, 2, 1):
        rows.first.get_by_role("button", name=mark).click()
        expect(rows).to_have_count(left)
    page.get_by_role("button", name=undo).first.click()
    expect(rows).to_have_count(2)
    mei.take_screenshot("task-groups-phone")


def test_moments_post_is_asked_and_likes_are_tapped(visit: Any) -> None:
    ann = visit("ann", phone=True)
    page = ann.page
    ann.go("/outreach/requests/new/")
    page.get_by_role("link", name="Moments post").click()
    page.get_by_label("Title").fill("Osmanthus")
    page.get_by_label("Text", exact=True).fill("The first latte of the season")
    page.get_by_label("Tag that a result deepens").fill("手冲咖啡")
    assert not ann.overflows()
    page.get_by_role("button", name="Assign").click()
    page.wait_for_url(re.compile(r"/requests/\d+/$"))
    page.locator("table").get_by_role("link", name="Ann Lee").click()
    page.get_by_role("searchbox", name="Find a member").fill("李")
    found = page.locator("#task .request-rows li")
    expect(found.first).to_be_visible()
    # Those of the search, not those that were there before it.
    expect(found.filter(has_not_text="李")).to_have_count(0)
    name = found.first.locator("bdi").inner_text()
    found.first.get_by_role("button", name="liked").click()
    tapped = page.locator("[data-row]").filter(has_text=name)
    expect(tapped.first).to_contain_text("liked")
    assert not ann.overflows()
    ann.take_screenshot("task-moments-phone")
    page.get_by_role("button", name="Finish task").click()
    expect(page.locator("#task")).to_contain_text("done")

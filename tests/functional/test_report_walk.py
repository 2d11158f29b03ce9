"""Monday, 07:30, on the bus: the report of the week on a phone."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from tests.functional.browser_user import wait_for_text


def test_manager_copies_the_week_for_the_boss_on_a_phone(visit: Any) -> None:
    """I10"""
    ann = visit("ann", phone=True)
    ann.go("/insight/reports/?kind=weekly")
    ann.page.locator("tbody th a").first.click()
    growth = ann.page.locator(".report-lines .value").first.inner_text()
    ann.button("Copy for the boss").click()
    expect(ann.button("Copy for the boss")).to_have_class(re.compile("copied"))
    text = ann.page.evaluate("navigator.clipboard.readText()")
    assert len(text.splitlines()) == 5
    assert f"Net growth: {growth}." in text
    ann.page.get_by_text("Show the picture").click()
    picture = ann.page.locator(".report-picture")
    picture.scroll_into_view_if_needed()
    expect(picture).to_have_js_property("naturalWidth", 1080)
    width = ann.page.evaluate("document.documentElement.scrollWidth")
    assert width == ann.page.viewport_size["width"]
    with ann.page.expect_download() as started:
        ann.page.get_by_role("link", name="XLSX").click()
    assert started.value.suggested_filename.startswith("report-weekly-")


def test_operator_reads_the_report_that_was_delivered_on_a_phone(visit: Any) -> None:
    """I10"""
    manager = visit("max")
    manager.go("/insight/reports/")
    manager.page.get_by_role("link", name="Settings and subscribers").click()
    weekly = manager.page.get_by_role("form", name="weekly")
    weekly.get_by_label("Sue Park").check()
    weekly.get_by_role("button", name="Save").click()
    expect(manager.page.locator("main")).to_contain_text("Sue Park")
    sue = visit("sue", phone=True)
    sue.go("/")
    # The server delivers it within a second or two.
    wait_for_text(sue.page, "/", "Weekly report")
    sue.go("/outreach/tasks/")
    task = sue.page.get_by_role("link", name=re.compile("Weekly report|周报"))
    task.click()
    expect(sue.page.locator("h1")).to_contain_text("Weekly report")
    expect(sue.page.locator(".report-texts article").first).to_contain_text("your part")
    assert not sue.overflows()
    sue.go("/outreach/tasks/")
    expect(task).to_have_count(0)
    sue.go("/outreach/tasks/?state=done")
    expect(task).to_be_visible()
    sue.go("/")
    expect(sue.page.locator("main")).not_to_contain_text("Weekly report")
    manager.go("/insight/reports/settings/")
    row = manager.page.get_by_role("row", name=re.compile("Sue Park"))
    expect(row).to_contain_text("opened")
    expect(row).to_contain_text("as a staff task")

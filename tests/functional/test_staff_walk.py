"""From a number of a colleague to the tasks behind it, in a browser."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from playwright.sync_api import expect

from tests.functional.browser_user import BrowserUser


def open_until_today(user: BrowserUser) -> None:
    """The tasks of the shop were all given today, and by default days are complete."""
    user.go("/insight/staff/")
    last = user.page.locator("#id_last")
    today = date.fromisoformat(last.input_value()) + timedelta(days=1)
    last.fill(today.isoformat())
    user.page.locator(".retention-form button").click()
    expect(user.page).to_have_url(re.compile(f"last={today.isoformat()}"))
    expect(user.page.locator("#id_last")).to_have_value(today.isoformat())


def test_manager_goes_from_tasks_assigned_to_one_of_them(visit: Any) -> None:
    """I9"""
    ann = visit("ann")
    open_until_today(ann)
    ann.page.get_by_label("Working hours").fill("9 to 6")
    ann.button("Show").first.click()
    expect(ann.page.get_by_role("alert")).to_contain_text("such as 09:00-18:00")
    ann.page.get_by_label("Working hours").fill("09:00-18:00")
    ann.button("Show").first.click()
    tasks = ann.page.locator("section[aria-labelledby=h-tasks]")
    tasks.get_by_role("link", name="Assigned").click()
    expect(tasks.locator("th[aria-sort=descending]")).to_contain_text("Assigned")
    assigned = tasks.locator("tbody tr").first.locator("td a").first
    number = assigned.inner_text()
    assigned.click()
    expect(ann.page.locator("main")).to_contain_text(re.compile(rf"· {number} entr"))
    expect(ann.page.locator("tbody tr")).to_have_count(int(number))
    task = ann.page.locator("tbody th a").first
    title = task.inner_text()
    task.click()
    expect(ann.page.get_by_role("heading", level=1)).to_contain_text(title)


def test_numbers_fit_a_phone_and_are_sorted_there(visit: Any) -> None:
    ann = visit("ann", phone=True)
    open_until_today(ann)
    picker = ann.page.get_by_label("Sort by").locator("visible=true")
    picker.fill("Assigned")
    ann.page.get_by_role("option", name="Sorted by Assigned").first.click()
    ann.page.locator(".sort-choice button").click()
    expect(ann.page).to_have_url(re.compile("sort=assigned"))
    width = ann.page.evaluate("document.documentElement.scrollWidth")
    assert width == ann.page.viewport_size["width"]

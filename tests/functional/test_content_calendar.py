"""A series is filled, and what the calendar shows is moved by mouse, keys and on a phone."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

MOVED = "[data-move^='series-']"


def test_entry_is_dragged_moved_by_keys_and_taken_back(visit: Any) -> None:
    writer = visit("ann")
    page = writer.page
    writer.go(f"/outreach/series/{writer.ids['series']}/")
    writer.link("Add an episode").click()
    page.get_by_label("Text", exact=True).fill("Which tea today, {group}?")
    writer.page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Which tea today, {group}?").first).to_be_visible()
    assert not writer.accessibility_faults()
    writer.go("/outreach/calendar/")
    # Of the next week, where every day is still to come.
    week = page.url
    page.get_by_label("Later").click()
    expect(page).not_to_have_url(week)
    entry = page.locator(f".calendar-week {MOVED}").first
    first = str(entry.get_attribute("data-day"))
    entry.drag_to(page.locator(".calendar-week tbody tr").nth(1).locator("td").nth(2))
    expect(page.locator("#toasts")).to_contain_text(re.compile("moved to .*08:00"))
    writer.button("Undo").click()
    expect(page.locator("#toasts")).to_contain_text("It is back at its time.")
    entry = page.locator(f".calendar-week {MOVED}").first
    expect(entry).to_have_attribute("data-day", first)
    entry.focus()
    writer.press("Alt+ArrowRight")
    expect(page.locator("#toasts")).to_contain_text(re.compile("moved to .*08:00"))
    assert not writer.overflows()
    assert not writer.accessibility_faults()
    page.emulate_media(media="print")
    expect(page.locator(".calendar-week")).to_be_visible()
    expect(page.locator(".rail")).to_be_hidden()
    reader = visit("mei", phone=True)
    reader.go("/outreach/calendar/")
    expect(reader.page.locator(".calendar-week")).to_be_hidden()
    expect(reader.page.locator(".calendar-days .entry").first).to_be_visible()
    assert not reader.overflows()
    assert not reader.accessibility_faults()
    reader.take_screenshot("calendar-390")

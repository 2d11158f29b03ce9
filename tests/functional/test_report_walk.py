"""Monday, 07:30, on the bus: the report of the week on a phone."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect


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

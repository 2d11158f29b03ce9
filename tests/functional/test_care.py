"""A birthday rule is written and switched on at a desk, and read on a phone (E14)."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect


def test_care_rule_is_written_at_a_desk_and_read_on_a_phone(visit: Any) -> None:
    writer = visit("sue")
    page = writer.page
    writer.go("/outreach/care/")
    page.get_by_role("link", name="New care rule").first.click()
    page.get_by_role("link", name="Festival").click()
    page.get_by_label("Name", exact=True).fill("New Year wish")
    page.get_by_label("New Year", exact=True).check()
    page.get_by_label("Text", exact=True).fill("Happy new year, {name|friend}")
    page.get_by_label("Done by").select_option(index=1)
    assert not writer.overflows()
    assert not writer.accessibility_faults()
    writer.take_screenshot("care-form")
    writer.button("Save").click()
    writer.button("Switch on").click()
    expect(page.locator(".chip.good")).to_be_visible()
    assert not writer.accessibility_faults()
    writer.take_screenshot("care-rule")
    writer.go("/outreach/care/")
    writer.take_screenshot("care")
    assert not writer.overflows()
    reader = visit("mei", phone=True)
    for path in (
        "/outreach/care/",
        "/outreach/care/new/",
        "/outreach/care/new/birthday/",
    ):
        reader.go(path)
        assert not reader.overflows()
        assert not reader.accessibility_faults()
        reader.take_screenshot(f"care-{path.strip('/').rpartition('/')[2]}-390")

"""From a number of Insight to the people behind it, in a browser."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

NUMBER = re.compile(r"^[1-9]")


def test_number_leads_to_its_segment_and_a_funnel_is_built(visit: Any) -> None:
    """C4"""
    ann = visit("ann")
    ann.go("/insight/retention/?period=month&count=6")
    sizes = ann.page.locator(".heat-table tbody tr:not(.together) td:nth-child(2) a")
    size = sizes.filter(has_text=NUMBER).first
    number = size.inner_text()
    size.click()
    expect(ann.page).to_have_url(re.compile("/members/segments/new/"))
    expect(ann.page.locator("#total .value")).to_have_text(number)
    ann.go("/insight/funnels/new/")
    ann.page.get_by_label("Name").fill("Joined and bought")
    for label, kind in (
        ("Step 1", "joined the community"),
        ("Step 2", "paid an order"),
    ):
        picker = ann.page.get_by_label(label).locator("visible=true")
        picker.fill(kind)
        ann.page.get_by_role("option", name=kind, exact=True).first.click()
    ann.page.get_by_label("How many days").fill("365")
    ann.page.get_by_role("button", name="Show the result").click()
    first = ann.page.locator("section[aria-labelledby=h-result] tbody tr").first
    expect(first).to_contain_text("100.0 %")
    ann.page.get_by_role("button", name="Save").click()
    expect(ann.page.get_by_role("heading", level=1)).to_have_text("Joined and bought")
    dropped = ann.page.locator("table.list tbody tr").first.locator("a").last
    number = dropped.inner_text()
    dropped.click()
    expect(ann.page.locator("#total .value")).to_have_text(number)


def test_first_column_stays_on_a_phone(visit: Any) -> None:
    ann = visit("ann", phone=True)
    ann.go("/insight/retention/?count=20")
    box = ann.page.locator(".scroll").last
    head = box.locator("tbody th").first
    before = head.bounding_box()
    box.evaluate("box => box.scrollLeft = 300")
    assert head.bounding_box() == before
    width = ann.page.evaluate("document.documentElement.scrollWidth")
    assert width == ann.page.viewport_size["width"]

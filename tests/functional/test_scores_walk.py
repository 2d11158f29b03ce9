"""A manager reads a score, tries other weights and saves them, in a browser."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

BARS = "section[aria-labelledby=h-spread] tbody tr"


def test_weights_are_tried_before_they_are_saved(visit: Any) -> None:
    """I17"""
    ann = visit("ann")
    ann.go("/insight/scores/")
    ann.page.get_by_role("link", name="New score").click()
    ann.page.get_by_label("Name of the score").fill("Buyers")
    part = ann.page.locator(".score-part").first
    part.get_by_label("Name").fill("Orders")
    # The list has the label until the field that searches it is there.
    picker = part.get_by_label("Of what").locator("visible=true")
    picker.fill("paid an order")
    ann.page.get_by_role("option", name="paid an order", exact=True).first.click()
    part.get_by_label("In the last days").fill("366")
    part.get_by_label("Points for each").fill("5")
    part.get_by_label("At most").fill("1")
    ann.page.get_by_role("button", name="Preview").click()
    full = ann.page.locator("section[aria-labelledby=h-preview] tbody tr").last
    expect(full.locator("td.num")).to_have_text(re.compile(r"^\s*[1-9]"))
    buyers = full.locator("td.num").inner_text()
    ann.page.get_by_role("button", name="Save").click()
    expect(ann.page.get_by_role("heading", level=1)).to_have_text("Buyers")
    expect(ann.page.locator(".score-parts").first).to_contain_text(
        "5 points for each time"
    )
    last = ann.page.locator(BARS).last
    expect(last.locator("td.num")).to_have_text(buyers)
    last.locator("a").click()
    expect(ann.page).to_have_url(re.compile("/members/\\?rule="))
    expect(ann.page.locator("main")).to_contain_text(buyers)

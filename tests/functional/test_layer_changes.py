"""Walk-through: layer changes between two days, from the chart to the members."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect


def test_layer_changes_lead_to_the_members_behind_them(visit: Any) -> None:
    ann = visit("ann")
    ann.go(f"/members/layers/{ann.ids['layering']}/")
    ann.button("Compare").click()
    ann.page.wait_for_url(re.compile(r"/changes/\?since="))
    expect(ann.page.locator("svg.flow-wide")).to_be_visible()
    expect(ann.page.locator("svg.flow-narrow")).to_be_hidden()
    rows = ann.page.locator("table.changes tbody tr")
    totals = [
        sum(map(number, row.locator("td").all_inner_texts()[:-1])) for row in rows.all()
    ]
    sizes = [number(row.locator("td").last.inner_text()) for row in rows.all()]
    assert totals == sizes and sum(sizes) > 10
    moved = ann.page.locator("table.changes td:not(.is-unchanged) a").first
    size = number(moved.inner_text())
    moved.click()
    ann.page.wait_for_url(re.compile(r"/members/\?rule="))
    expect(ann.page.locator("tbody tr[data-row], main tbody tr")).to_have_count(size)
    expect(ann.link("Make a segment of this").first).to_be_visible()


def test_layer_changes_fit_a_phone_and_refuse_days_without_a_run(visit: Any) -> None:
    mei = visit("mei", phone=True)
    changes = f"/members/layers/{mei.ids['layering']}/changes/"
    mei.go(changes)
    expect(mei.page.locator("svg.flow-narrow")).to_be_visible()
    assert mei.accessibility_faults() == []
    mei.go(f"{changes}?since=2020-01-01")
    mei.sees("起才有层级记录")
    expect(mei.page.locator("svg.layer-flow")).to_have_count(0)


def number(text: str) -> int:
    """The first number of a cell; those in brackets are among it."""
    digits = re.match(r"[\d,]+", text.strip())
    return int(digits[0].replace(",", "")) if digits else 0

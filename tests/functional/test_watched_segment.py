"""K8: a segment of members who stopped buying, its forms in the browser, and its watch."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from tests.functional.slow_answers import slow_answer


def test_a_segment_is_built_from_breaks_and_ranks_and_watched(visit: Any) -> None:
    ann = visit("ann")
    ann.go("/members/segments/new/")
    total = ann.page.locator("#total .value")
    everyone = total.inner_text()
    ann.page.locator(".add summary").first.click()
    ann.page.locator("button[value='add::stopped']").first.click()
    expect(ann.page.locator(".of-number")).to_be_hidden()
    ann.page.locator("[name=c-days]").fill("20")
    expect(total).not_to_have_text(everyone)
    ann.page.locator("[data-done]").click()
    expect(ann.page.locator("[data-line]")).to_have_count(1)
    ann.page.locator(".add summary").first.click()
    ann.page.locator("button[value='add::rank']").first.click()
    ann.page.locator("[name=c-by]").select_option("attr")
    expect(ann.page.locator(".of-kind")).to_be_hidden()
    ann.page.locator("[name=c-by]").select_option("sum")
    ann.page.locator("[name=c-number]").fill("50")
    assert ann.accessibility_faults() == [], ann.page.url
    with slow_answer(ann.page, "**/segments/new/rule/"):
        ann.page.locator("[data-done]").click()
        # What is written before the answer arrives must not be lost with it.
        ann.page.locator("#name").fill("Good customers who stopped")
    expect(ann.page.locator("[data-editor]")).to_have_count(0)
    expect(ann.page.locator("[data-line]")).to_have_count(2)
    expect(ann.page.locator("#name")).to_have_value("Good customers who stopped")
    ann.page.locator("#save .primary").click()
    ann.page.wait_for_url(re.compile(r"/segments/\d+/$"))
    ann.button("Watch this segment").click()
    ann.sees("Watched since")
    ann.sees("Nobody has entered or left yet.")
    assert ann.accessibility_faults() == [], ann.page.url
    ann.button("Stop watching").click()
    expect(ann.button("Watch this segment")).to_be_visible()

"""Charts in a browser, under our content security policy."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, Response, expect


def wait_until_drawn(page: Page, at_least: int) -> None:
    """Scroll to each chart, because charts are drawn near the viewport only.

    Numbers that never happened have none.
    """
    charts = page.locator("[data-chart]")
    assert charts.count() >= at_least
    for chart in charts.all():
        chart.scroll_into_view_if_needed()
        expect(chart).to_have_attribute("data-drawn", "yes")


def test_charts_draw_without_eval_and_load_nothing_from_elsewhere(visit: Any) -> None:
    """Violations of the policy are faults of the user's page."""
    ann = visit("ann")
    hosts: set[str] = set()
    policies: set[str] = set()

    def on_response(response: Response) -> None:
        hosts.add(urlsplit(response.url).netloc)
        policies.add(response.headers.get("content-security-policy", ""))

    ann.page.on("response", on_response)
    own_host = urlsplit(ann.go("/insight/").url).netloc
    wait_until_drawn(ann.page, 8)
    assert hosts == {own_host}
    assert not any("unsafe" in policy for policy in policies)
    assert "default-src 'self'" in max(policies, key=len)
    lines = ann.page.locator("#figure-orders svg path[d]")
    assert lines.count() >= 2
    expect(ann.page.locator("#figure-orders svg")).to_contain_text("last 28 days")
    assert ann.accessibility_faults() == []
    assert not ann.overflows()


def test_tooltip_shows_the_day(visit: Any) -> None:
    ann = visit("ann")
    ann.go("/insight/")
    wait_until_drawn(ann.page, 8)
    drawing = ann.page.locator("#figure-orders svg")
    drawing.scroll_into_view_if_needed()
    box = drawing.bounding_box()
    assert box
    x, y = box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.5
    ann.page.mouse.move(x, y)
    ann.page.mouse.move(x + 3, y + 2)
    tooltip = ann.page.locator("#vg-tooltip-element")
    expect(tooltip).to_be_visible()
    expect(tooltip).to_contain_text(re.compile(r"\d{4}-\d\d-\d\d"))


def test_charts_follow_the_colour_scheme(visit: Any) -> None:
    def colour(scheme: str) -> str:
        ann = visit("ann", color_scheme=scheme)
        ann.go("/insight/")
        wait_until_drawn(ann.page, 8)
        stroke: str = ann.page.evaluate(
            "getComputedStyle(document.querySelector("
            "'#figure-orders svg path[stroke=\"var(--accent)\"]')).stroke"
        )
        return stroke

    assert colour("light") != colour("dark")


def test_charts_of_a_group_fit_a_phone(visit: Any) -> None:
    mei = visit("mei", phone=True)
    mei.go(f"/groups/{mei.ids['group']}/")
    wait_until_drawn(mei.page, 2)
    assert not mei.overflows()
    assert mei.accessibility_faults() == []

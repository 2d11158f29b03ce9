"""Charts as a browser draws them, under the policy that the house sends."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, Response, expect


def await_drawn(page: Page, number: int) -> None:
    """Charts are drawn when the eye comes near."""
    charts = page.locator("[data-chart]")
    expect(charts).to_have_count(number)
    for chart in charts.all():
        chart.scroll_into_view_if_needed()
        expect(chart).to_have_attribute("data-drawn", "yes")


def test_charts_draw_without_eval_and_load_nothing_from_elsewhere(visit: Any) -> None:
    """Visitor hears of whatever the policy refuses."""
    ann = visit("ann")
    hosts: set[str] = set()
    policies: set[str] = set()

    def look(answer: Response) -> None:
        hosts.add(urlsplit(answer.url).netloc)
        policies.add(answer.headers.get("content-security-policy", ""))

    ann.page.on("response", look)
    here = urlsplit(ann.go("/insight/").url).netloc
    await_drawn(ann.page, 4)
    assert hosts == {here}
    assert not any("unsafe" in policy for policy in policies)
    assert "default-src 'self'" in max(policies, key=len)
    lines = ann.page.locator("#figure-orders svg path[d]")
    assert lines.count() >= 2
    expect(ann.page.locator("#figure-orders svg")).to_contain_text("last 28 days")
    assert ann.barriers() == []
    assert not ann.overflows()


def test_tooltip_shows_the_day(visit: Any) -> None:
    ann = visit("ann")
    ann.go("/insight/")
    await_drawn(ann.page, 4)
    drawing = ann.page.locator("#figure-orders svg")
    drawing.scroll_into_view_if_needed()
    box = drawing.bounding_box()
    assert box
    across, down = box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.5
    ann.page.mouse.move(across, down)
    ann.page.mouse.move(across + 3, down + 2)
    told = ann.page.locator("#vg-tooltip-element")
    expect(told).to_be_visible()
    expect(told).to_contain_text(re.compile(r"\d{4}-\d\d-\d\d"))


def test_charts_follow_the_colour_scheme(visit: Any) -> None:
    def colour(scheme: str) -> str:
        ann = visit("ann", color_scheme=scheme)
        ann.go("/insight/")
        await_drawn(ann.page, 4)
        found: str = ann.page.evaluate(
            "getComputedStyle(document.querySelector("
            "'#figure-orders svg path[stroke=\"var(--accent)\"]')).stroke"
        )
        return found

    assert colour("light") != colour("dark")


def test_charts_of_a_group_fit_a_phone(visit: Any) -> None:
    mei = visit("mei", phone=True)
    mei.go(f"/groups/{mei.places['group']}/")
    await_drawn(mei.page, 3)
    assert not mei.overflows()
    assert mei.barriers() == []

"""What is typed while an answer is on its way is not lost with the form it replaces."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from tests.functional.slow_answers import slow_answer


def test_name_of_a_tag_rule_is_kept(visit: Any) -> None:
    ann = visit("ann")
    ann.go("/members/tag-rules/new/rule/")
    page = ann.page
    page.locator(".add summary").first.click()
    page.locator("button[value='add::stopped']").first.click()
    page.locator("[name=c-days]").fill("20")
    page.locator("#id_name").fill("Draft")
    with slow_answer(page, "**/new/rule/"):
        page.locator("[data-done]").click()
        page.locator("#id_name").fill("Stopped buying")
        page.locator("#id_description").fill("For the win-back round")
    expect(page.locator("[data-line]")).to_have_count(1)
    expect(page.locator("[data-editor]")).to_have_count(0)
    expect(page.locator("#id_name")).to_have_value("Stopped buying")
    expect(page.locator("#id_description")).to_have_value("For the win-back round")


def test_name_of_a_layering_is_kept(visit: Any, site: Any) -> None:
    ann = visit("ann")
    ann.go(f"/members/layers/{site.ids['layering']}/")
    page = ann.page
    layers = page.locator(".thresholds > li")
    count = layers.count()
    with slow_answer(page, "**/edit/"):
        page.locator("button[value='layer-add']").click()
        page.locator("#name").fill("Value of our members")
    expect(layers).to_have_count(count + 1)
    expect(page.locator("#name")).to_have_value("Value of our members")
    # What the server was told is what it answers: nothing typed comes back from before.
    page.locator("button[value='layer-add']").click()
    expect(layers).to_have_count(count + 2)
    expect(page.locator("#name")).to_have_value("Value of our members")

"""A target for the month, and a word that the brand never says, in a browser."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect


def test_owner_sets_a_goal_and_keeps_a_word_out_of_texts(visit: Any) -> None:
    """I14, I15"""
    ann = visit("ann")
    ann.go("/insight/goals/")
    ann.link("Goal of the community").click()
    ann.button("Save").click()
    expect(ann.page.locator(".error").first).to_be_visible()
    ann.page.get_by_label("Target").fill("100,000")
    ann.page.locator("#id_name").fill("A hundred thousand")
    ann.button("Save").click()
    expect(ann.page.get_by_role("heading", level=1)).to_have_text("A hundred thousand")
    expect(ann.page.locator(".goal-head .chip")).to_be_visible()
    expect(ann.page.locator(".chart svg")).to_be_visible()
    ann.go("/insight/")
    ann.page.get_by_role("link", name="A hundred thousand").click()
    ann.sees("at least 100,000")
    ann.go("/insight/positioning/")
    ann.link("Edit").click()
    words = ann.page.locator("#id_never_say")
    words.fill(f"{words.input_value()}\nmiracle tea -> good tea")
    ann.button("Save").click()
    expect(ann.page.locator(".positioning-voice")).to_contain_text("miracle tea")
    ann.go("/outreach/templates/new/")
    ann.page.locator("#id_name").fill("Spring")
    text = ann.page.locator("textarea").first
    text.fill("Try our Miracle Tea, {name|friend}")
    ann.button("Save").click()
    refusal = ann.page.get_by_role("alert")
    expect(refusal).to_contain_text("Variant A says “miracle tea”")
    expect(refusal).to_contain_text("Say “good tea” instead.")
    expect(text).to_have_value("Try our Miracle Tea, {name|friend}")
    text.fill("Try our good tea, {name|friend}")
    ann.button("Save").click()
    expect(ann.page.get_by_role("heading", level=1)).to_have_text("Spring")

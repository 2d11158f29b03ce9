"""K5: a keyword rule is written, tried and activated; a fight is confirmed; on a phone."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

ROOT = "/members/tag-rules/"


def test_rule_is_written_tried_and_activated(visit: Any) -> None:
    writer = visit("ann")
    page = writer.page
    writer.go(ROOT)
    page.get_by_role("link", name="New tag rule").first.click()
    page.get_by_role("link", name="A keyword in the chat").click()
    page.get_by_label("Name", exact=True).fill("Asks for the price")
    page.get_by_label("Keywords").fill("价格\n多少钱")
    page.locator("#id_effect0-tag").select_option("沉默")
    assert not writer.overflows()
    assert not writer.accessibility_faults()
    writer.take_screenshot("tag-rule-form")
    writer.button("Save").click()
    page.get_by_role("link", name="Dry run").click()
    expect(page.locator("#people li").first).to_contain_text("价格")
    assert not writer.overflows()
    assert not writer.accessibility_faults()
    writer.take_screenshot("tag-rule-dry-run")
    page.get_by_role("link", name="Back to the rule").click()
    writer.button("Activate").click()
    expect(page.locator(".chip.good").first).to_have_text("active")
    writer.go(f"{ROOT}{writer.ids['tag_rule']}/")
    expect(page.locator(".notice.warn").first).to_contain_text("沉默三十天")
    assert not writer.accessibility_faults()
    writer.take_screenshot("tag-rule-conflict")
    page.get_by_label("Activate it although rules contradict it").check()
    writer.button("Activate").click()
    writer.button("Run now").click()
    expect(page.locator("#toasts")).to_contain_text("The rule ran")
    writer.take_screenshot("tag-rule")
    writer.go(f"{ROOT}new/rule/")
    writer.take_screenshot("tag-rule-builder")
    reader = visit("mei", phone=True)
    for path in (
        "",
        "new/",
        "new/rule/",
        "new/event/",
        f"{reader.ids['tag_rule_silent']}/",
        f"{reader.ids['tag_rule_keyword']}/dry-run/?days=30",
        f"runs/{reader.ids['tag_rule_run']}/",
    ):
        reader.go(f"{ROOT}{path}")
        assert not reader.overflows()
        assert not reader.accessibility_faults()
        name = path.strip("/").replace("/", "-").partition("?")[0]
        reader.take_screenshot(f"tag-rules-{name}-390")

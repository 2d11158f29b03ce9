"""The rule builder by keyboard and without JavaScript, and thresholds of layers."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect


def test_rule_is_built_by_keyboard(visit: Any) -> None:
    ann = visit("ann")
    ann.go("/members/segments/new/")
    total = ann.page.locator("#total .value")
    everyone = total.inner_text()
    ann.press("a")
    ann.press("Enter")  # the first item of the menu: a tag
    expect(ann.page.locator("#id_c-tags-find")).to_be_focused()
    ann.page.keyboard.type("VIP")
    expect(ann.page.locator(".offered label").first).to_contain_text("VIP")
    ann.press("Enter")
    expect(ann.page.locator(".chosen input:checked")).to_have_count(1)
    expect(total).not_to_have_text(everyone)  # already before the clause is finished
    vips = total.inner_text()
    ann.press("Enter")
    line = ann.page.locator('[data-act="open"]').first
    expect(line).to_be_focused()
    ann.press("n")
    expect(ann.page.locator(".joiner.negative")).to_have_count(1)
    expect(total).not_to_have_text(vips)
    ann.press("u")
    expect(total).to_have_text(vips)
    ann.press("a", "ArrowDown", "Enter")
    # A list of many kinds is behind the field that searches it.
    kind = ann.page.locator("[name=c-kind]:not([hidden]), #id_c-kind-picker")
    expect(kind).to_be_focused()
    ann.press("Escape")
    expect(ann.page.locator("[data-editor]")).to_have_count(0)
    expect(ann.page.locator(".adder summary")).to_be_focused()
    ann.page.locator(".pick-line").check()
    ann.page.locator("[value='group:any']").click()
    expect(ann.page.locator("[data-list]")).to_be_visible()
    expect(total).to_have_text(vips)
    ann.page.locator("#name").focus()
    ann.page.keyboard.type("By keyboard")
    ann.press("Enter")
    ann.page.wait_for_url(re.compile(r"/segments/\d+/$"))
    expect(total).to_have_text(vips)
    assert ann.accessibility_faults() == [], ann.page.url


def test_rule_is_built_without_javascript(visit: Any) -> None:
    mei = visit(java_script_enabled=False)
    mei.sign_in("mei")
    mei.go("/members/segments/new/")
    mei.page.locator(".add summary").click()
    mei.page.locator("button[value='add::tag']").click()
    mei.page.locator("#id_c-tags-find").fill("VIP")
    mei.press("Enter")
    mei.page.locator(".offered input").first.check()
    mei.page.locator("button[value=done]").click()
    expect(mei.page.locator("[data-line]")).to_have_count(1)
    mei.page.locator("#name").fill("没有脚本")
    mei.page.locator("#save .primary").click()
    mei.page.wait_for_url(re.compile(r"/segments/\d+/$"))


def test_sizes_update_with_a_threshold(visit: Any) -> None:
    ann = visit("ann")
    ann.go("/members/layers/")
    ann.page.locator(".card h2 a", has_text=re.compile("Value|价值")).first.click()
    size = ann.page.locator("#size-0")
    before = size.inner_text()
    ann.page.locator("#value-0").fill("75")
    expect(size).not_to_have_text(before)
    expect(size).to_contain_text("%")
    assert ann.accessibility_faults() == [], ann.page.url

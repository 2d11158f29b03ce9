"""The queue by keyboard, and a rule from the editor to its first trial (V4, V5, V14)."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

PAGES = (
    "/groups/moderation/",
    "/groups/moderation/cases/",
    "/groups/moderation/cases/2/",
    "/groups/moderation/appeals/",
    "/groups/moderation/mass/",
    "/groups/moderation/paste/",
    "/groups/moderation/rules/",
    "/groups/moderation/rules/new/",
    "/groups/moderation/settings/",
)


def test_each_case_of_the_queue_takes_one_key(visit: Any) -> None:
    user = visit("ann")
    page = user.page
    user.go("/groups/moderation/")
    expect(page.locator(".waiting li")).to_have_count(3)
    first = page.locator("#case strong").first
    expect(first).to_have_text("Case 2")
    expect(page.locator(".evidence mark").first).to_have_text("加微信")
    assert not user.overflows()
    assert not user.accessibility_faults()
    user.take_screenshot("moderation-queue")

    page.keyboard.press("j")
    expect(first).to_have_text("Case 3")
    page.keyboard.press("k")
    expect(first).to_have_text("Case 2")
    page.keyboard.press("y")
    expect(page.locator(".waiting li")).to_have_count(2)
    expect(first).to_have_text("Case 3")
    page.keyboard.press("n")
    expect(page.locator(".waiting li")).to_have_count(1)
    expect(first).to_have_text("Case 4")
    # What was dismissed by mistake waits again.
    user.button("Undo").first.click()
    expect(page.locator(".waiting li")).to_have_count(2)
    assert user.faults == []


def test_a_rule_is_written_tried_and_may_act_after_that(visit: Any) -> None:
    user = visit("ann")
    page = user.page
    user.go("/groups/moderation/rules/new/")
    page.get_by_label("Name", exact=True).fill("Shoes")
    page.get_by_label("Keywords", exact=True).first.check()
    page.locator("#keywords-keywords").fill("cheap shoes")
    page.get_by_label("Try it on these messages").fill("c h e a p shoes\nhello")
    user.button("Try").click()
    expect(page.locator("#tried mark").first).to_contain_text("shoes")
    expect(page.locator("#tried")).to_contain_text("It would have acted on")
    expect(page.locator("#tried")).to_contain_text("The rule finds nothing.")
    assert not user.accessibility_faults()
    user.take_screenshot("moderation-rule-editor")
    user.button("Save").click()
    expect(page.locator(".chip").filter(has_text="observe")).to_be_visible()
    expect(page.get_by_role("button", name="act", exact=True)).to_be_disabled()
    user.button("Try on past messages").click()
    page.get_by_role("button", name="act", exact=True).click()
    expect(page.locator(".chip.good")).to_have_text("act")
    assert not user.accessibility_faults()
    assert user.faults == []


def test_a_mass_action_takes_two_people(visit: Any) -> None:
    mei = visit("mei")
    page = mei.page
    mei.go("/groups/moderation/mass/")
    waiting = page.locator("section.card").filter(has_text="刷屏")
    keys = waiting.get_by_role("list", name="用户").locator(".muted").all_inner_texts()
    assert len(keys) == 3
    page.get_by_label("群", exact=True).select_option(label="茶友一群")
    page.get_by_label("执行什么").select_option(label="禁言")
    page.get_by_role("textbox", name="用户").fill("，".join(keys[:2]))
    page.get_by_label("原因", exact=True).fill("连续灌水")
    mei.button("申请").click()
    expect(page.locator("[data-toast]")).to_contain_text("需要第二个人批准")
    asked = page.locator("section.card").filter(has_text="连续灌水")
    # Everybody is listed with the number by which staff know them.
    expect(asked.get_by_role("listitem")).to_have_count(2)
    for key in keys[:2]:
        expect(asked).to_contain_text(key)
    expect(asked).to_contain_text("须由其他人批准")
    expect(asked.get_by_role("button", name="批准")).to_have_count(0)
    assert not mei.accessibility_faults()
    mei.take_screenshot("mass-action-asked")

    chen = visit("chen", phone=True)
    chen.go("/groups/moderation/mass/")
    shown = chen.page.locator("section.card").filter(has_text="连续灌水")
    expect(shown).to_contain_text(keys[0])
    assert not chen.overflows()
    assert not chen.accessibility_faults()
    chen.take_screenshot("mass-action-390")
    shown.get_by_role("button", name="批准，涉及 2 项").click()
    expect(chen.page.locator("[data-toast]")).to_contain_text("已批准")
    expect(shown.locator(".chip").first).not_to_have_class(re.compile("warn"))


def test_pages_of_moderation_fit_a_phone_in_chinese(visit: Any) -> None:
    user = visit("mei", phone=True)
    for path in PAGES:
        user.go(path)
        assert not user.overflows(), path
        assert not user.accessibility_faults(), path
    assert user.faults == []

"""Monday, 07:30, on the bus: two findings on a phone, one is acted on, one dismissed."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

FIND = "/insight/findings/"


def test_findings_are_decided_upon_on_a_phone(visit: Any) -> None:
    mei = visit("mei", phone=True)
    mei.go("/insight/")
    page = mei.page
    cards = page.locator(".finding")
    expect(cards).to_have_count(2)
    for number in range(2):
        expect(cards.nth(number).locator(".finding-buttons > *")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    # The draft has the audience, a name and a text.
    cards.nth(1).get_by_role("button", name="给 19 位沉默用户发消息").click()
    page.wait_for_url("**/outreach/new/**")
    expect(page.locator("#id_text")).to_have_value(re.compile("这几天没见到你"))
    expect(page.locator("#id_name")).to_have_value(re.compile("^茶友一群"))
    mei.go(FIND)
    expect(page.locator(".finding")).to_have_count(1)
    expect(page.locator(".finding-history")).to_contain_text("处理后还没有完整的一天")
    # The other one is known, and does not come back for 14 days.
    page.locator(".finding-dismissal summary").click()
    page.get_by_label("其他原因").fill("门店装修，知道了")
    page.locator(".finding-dismissal button").click()
    expect(page.get_by_text("没有数据偏离每周规律。")).to_be_visible()
    expect(page.locator(".finding-history")).to_contain_text("门店装修，知道了")
    for left in (1, 2):
        page.locator(".finding-history li").first.get_by_role(
            "button", name="撤销"
        ).click()
        expect(page.locator(".finding")).to_have_count(left)

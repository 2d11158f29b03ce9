"""Monday, 07:30, on the bus: two findings on a phone, one is acted on, one dismissed."""

from __future__ import annotations

from typing import Any

FIND = "/insight/findings/"


def test_findings_are_decided_upon_on_a_phone(visit: Any) -> None:
    mei = visit("mei", phone=True)
    mei.go("/insight/")
    page = mei.page
    cards = page.locator(".finding")
    assert cards.count() == 2
    for number in range(2):
        assert cards.nth(number).locator(".finding-buttons > *").count() == 2
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    # The draft has the audience, a name and a text.
    cards.nth(1).get_by_role("button", name="给 19 位沉默用户发消息").click()
    page.wait_for_url("**/outreach/new/**")
    assert "这几天没见到你" in page.locator("#id_text").input_value()
    assert page.locator("#id_name").input_value().startswith("茶友一群")
    mei.go(FIND)
    assert page.locator(".finding").count() == 1
    assert "处理后还没有完整的一天" in page.locator(".finding-history").inner_text()
    # The other one is known, and does not come back for 14 days.
    page.locator(".finding-dismissal summary").click()
    page.get_by_label("其他原因").fill("门店装修，知道了")
    page.locator(".finding-dismissal button").click()
    page.wait_for_url(f"**{FIND}")
    page.get_by_text("没有数据偏离每周规律。").wait_for()
    assert "门店装修，知道了" in page.locator(".finding-history").inner_text()
    for left in (1, 2):
        page.locator(".finding-history li").first.get_by_role(
            "button", name="撤销"
        ).click()
        page.wait_for_url(f"**{FIND}")
        page.wait_for_function(
            f"document.querySelectorAll('.finding').length === {left}"
        )

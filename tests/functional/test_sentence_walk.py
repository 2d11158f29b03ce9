"""A manager says whom they mean in a sentence, and takes the rule over, in a browser."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect


@pytest.mark.parametrize(
    ("login", "phone", "first", "marked", "second"),
    [
        (
            "mei",
            False,
            "半年没买过的 VIP，排除狮子狗",
            "狮子狗",
            "半年没买过的 VIP，排除这周已触达的",
        ),
        (
            "ann",
            True,
            "VIP who have not bought for 180 days, except dogs",
            "dogs",
            "VIP who have not bought for 180 days, except those reached this week",
        ),
    ],
)
def test_sentence_becomes_the_rule(
    visit: Any, login: str, phone: bool, first: str, marked: str, second: str
) -> None:
    """Issue 11, item 14"""
    user = visit(login, phone=phone)
    user.go("/members/segments/new/")
    sentence = user.page.locator("#sentence")
    reading = user.page.locator("#sentence-reading")
    lines = user.page.locator(".rule-lines [data-path]")
    sentence.fill(first)
    expect(reading.locator("mark")).to_have_text(marked)
    user.page.locator("button[value='take-over']").click()
    expect(user.page.locator(".notice.bad")).to_be_visible()
    expect(sentence).to_have_value(first)
    expect(lines).to_have_count(0)
    # Typed, as the new page may not listen yet to the first key.
    sentence.clear()
    sentence.press_sequentially(second)
    expect(reading.locator("b", has_text="180")).to_be_visible()
    expect(reading.locator("mark")).to_have_count(0)
    user.page.locator("button[value='take-over']").click()
    expect(lines.first).to_be_visible()
    expect(sentence).to_have_value("")
    expect(user.page.locator(".rule-lines")).to_contain_text("VIP")
    expect(user.page.locator(".rule-lines")).to_contain_text("180")
    assert user.accessibility_faults() == [], user.page.url

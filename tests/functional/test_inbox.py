"""The inbox by keyboard and on a phone, in both languages: open, answer, undo."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

QUESTION = "请问周末几点开门？"


@pytest.mark.parametrize(
    ("login", "phone"),
    [("ann", False), ("mei", False), ("mei", True), ("ann", True)],
)
def test_a_message_is_answered_and_taken_back(
    visit: Any, login: str, phone: bool
) -> None:
    user = visit(login, phone=phone)
    page = user.page
    user.go("/outreach/inbox/")
    row = page.locator("[data-item]", has_text=QUESTION)
    expect(row).to_have_count(1)
    if phone:
        row.locator("a[data-enter]").click()
    else:
        user.press("j")
        expect(page.locator("a[data-enter]").first).to_be_focused()
        user.press("Enter")
    page.wait_for_url(re.compile(r"/outreach/inbox/\d+/$"), wait_until="load")
    here = page.url
    expect(page.locator(".thread .waits .bubble")).to_have_text(QUESTION)
    if not phone:
        user.press("r")
        expect(page.locator("#answer")).to_be_focused()
    page.locator("#answer").fill("九点到六点")
    page.locator("form:has(#answer) button.primary").click()
    page.wait_for_url(lambda url: url != here, wait_until="load")
    page.goto(here)
    expect(page.locator(".thread .ours .bubble")).to_have_text("九点到六点")
    expect(page.locator("#answer")).to_have_count(0)
    page.locator(".thread .ours button").click()
    expect(page.locator("#answer")).to_be_visible()
    expect(page.locator(".thread .ours")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert user.faults == []

"""The sidebar beside a chat: 360 px wide, by keyboard."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect


def test_member_is_found_tagged_and_noted_by_keyboard(visit: Any) -> None:
    user = visit("sue", viewport={"width": 360, "height": 800})
    page = user.page
    user.go(f"/sidebar/members/{user.ids['account']}/")
    name = page.locator("h1 bdi").inner_text()
    user.go("/sidebar/")
    user.press("/")
    page.keyboard.type(name)
    hit = page.locator(f'.beside-hits a[href$="/{user.ids["account"]}/"]')
    hit.click()
    page.wait_for_url(re.compile(r"/sidebar/members/\d+/"))
    expect(page.get_by_role("heading", name="What to offer now")).to_be_visible()
    user.press("r")
    expect(page.locator("[data-key=r]")).to_have_class(re.compile("copied"))
    user.press("w")
    page.keyboard.type("asks for oolong")
    user.press("Enter")
    expect(page.locator("[data-toast]")).to_contain_text("Note saved.")
    expect(page.locator("#h-notes ~ p").first).to_contain_text("asks for oolong")
    user.press("t")
    expect(page.locator("#member-tags")).not_to_contain_text("普通")
    page.keyboard.type("普通")
    expect(page.get_by_role("option", name="普通").first).to_be_visible()
    user.press("Enter", "Enter")
    expect(page.locator("#member-tags")).to_contain_text("普通")
    assert not user.overflows()
    user.take_screenshot("sidebar-360")

"""Signing in with a browser."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect


def test_sign_in_leads_to_today(visit: Any) -> None:
    ann = visit("ann", by_form=True)
    expect(ann.page).to_have_title(re.compile("Today"))
    mei = visit("mei", phone=True, by_form=True)
    expect(mei.page).to_have_title(re.compile("今日"))


def test_wrong_password_shows_an_error_and_keeps_the_login(visit: Any) -> None:
    user = visit()
    user.go("/members/")
    user.page.locator("input[name=login]").fill("ann")
    user.page.locator("input[name=password]").fill("wrong")
    user.press("Enter")
    expect(user.page.get_by_role("alert")).to_be_visible()
    expect(user.page.locator("input[name=login]")).to_have_value("ann")
    assert user.accessibility_faults() == []

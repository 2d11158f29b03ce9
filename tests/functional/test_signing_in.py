"""Signing in, as people do it."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect


def test_who_signs_in_comes_to_today(visit: Any) -> None:
    """V3"""
    ann = visit("ann")
    expect(ann.page).to_have_title(re.compile("Today"))
    mei = visit("mei", phone=True)
    expect(mei.page).to_have_title(re.compile("今日"))


def test_a_wrong_password_leaves_the_login_and_says_so(visit: Any) -> None:
    nobody = visit()
    nobody.go("/members/")
    nobody.page.locator("input[name=login]").fill("ann")
    nobody.page.locator("input[name=password]").fill("wrong")
    nobody.press("Enter")
    expect(nobody.page.get_by_role("alert")).to_be_visible()
    expect(nobody.page.locator("input[name=login]")).to_have_value("ann")
    assert nobody.barriers() == []

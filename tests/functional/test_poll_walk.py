"""A member votes on a phone and changes the vote, with and without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.functional import member_site
from tests.functional.conftest import Site


@pytest.fixture(scope="module")
def ask(site: Site) -> Iterator[Any]:
    with member_site.running(site.home) as ask:
        yield ask


@pytest.mark.parametrize("has_script", [True, False])
def test_a_member_votes_and_changes_the_vote(
    has_script: bool, site: Site, visit: Any, ask: Any
) -> None:
    user = visit(phone=True, locale="zh-CN", java_script_enabled=has_script)
    page, poll = user.page, ask("poll")
    page.goto(poll["page"])
    expect(page.get_by_role("heading", name="今晚喝什么茶")).to_be_visible()
    assert page.get_by_role("radio").count() == 0
    page.goto(poll["link"])
    page.get_by_role("button", name="这是我的链接", exact=True).click()
    page.wait_for_url(re.compile(re.escape(poll["page"])))
    page.get_by_label("B 乌龙").check()
    page.get_by_role("button", name="投票", exact=True).click()
    expect(page.get_by_text("已投票：B 乌龙。结束前可以更改。")).to_be_visible()
    expect(page.get_by_text("共 1 人投票。")).to_be_visible()
    expect(page.get_by_label("B 乌龙")).to_be_checked()
    page.get_by_label("A 龙井").check()
    page.get_by_role("button", name="改票", exact=True).click()
    expect(page.get_by_text("已改投：A 龙井。结束前可以更改。")).to_be_visible()
    expect(page.locator("#results li").first).to_contain_text("1 · 100%")
    assert not user.overflows()
    if has_script:
        assert user.accessibility_faults() == []

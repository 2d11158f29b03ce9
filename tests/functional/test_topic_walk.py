"""A member replies to a topic on a phone, with and without JavaScript."""

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
def test_a_member_replies_and_reads_the_hot_list(
    has_script: bool, site: Site, visit: Any, ask: Any
) -> None:
    user = visit(phone=True, locale="zh-CN", java_script_enabled=has_script)
    page, topic = user.page, ask("topic")
    page.goto(topic["page"])
    expect(page.get_by_role("heading", name="今天第一杯")).to_be_visible()
    expect(page.get_by_text("李＊")).to_be_visible()
    expect(page.get_by_text("桂花拿铁")).to_be_visible()
    assert page.get_by_label("你的回复").count() == 0
    page.goto(topic["link"])
    page.get_by_role("button", name="这是我的链接", exact=True).click()
    page.wait_for_url(re.compile(re.escape(topic["page"])))
    expect(page.get_by_text("第一条回复得 2 积分。")).to_be_visible()
    page.get_by_label("你的回复").fill("手冲 <b>耶加</b>")
    page.get_by_role("button", name="回复", exact=True).click()
    expect(page.get_by_text("回复已展示，你得到 2 积分。")).to_be_visible()
    replies = page.locator("#replies li")
    expect(replies.first).to_contain_text("手冲 <b>耶加</b>")
    expect(replies.first).to_contain_text("王＊")
    expect(page.get_by_text("最近 7 天有 2 人回复。")).to_be_visible()
    page.get_by_label("你的回复").fill("再来一杯")
    page.get_by_role("button", name="回复", exact=True).click()
    expect(page.get_by_text("回复已展示。", exact=True)).to_be_visible()
    expect(page.get_by_text("最近 7 天有 2 人回复。")).to_be_visible()
    assert not user.overflows()
    if has_script:
        assert user.accessibility_faults() == []
    page.get_by_role("link", name="全部热门话题").click()
    hot = page.locator(".rows > li").filter(
        has=page.locator(f'a[href$="{topic["page"].rpartition("/")[2]}"]')
    )
    expect(hot).to_contain_text("2 人")
    page.get_by_role("link", name="今日", exact=True).click()
    expect(hot).to_contain_text("2 人")
    assert not user.overflows()
    if has_script:
        assert user.accessibility_faults() == []

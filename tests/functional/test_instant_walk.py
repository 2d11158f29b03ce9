"""A member scratches a card on a phone with a nervous thumb, and verifies it the next day."""

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
@pytest.mark.parametrize("shown_as", ["scratch", "wheel", "grid"])
def test_a_card_is_scratched_once_and_verified_the_next_day(
    shown_as: str, has_script: bool, site: Site, visit: Any, ask: Any
) -> None:
    user = visit(phone=True, locale="zh-CN", java_script_enabled=has_script)
    page, draw = user.page, ask("instant", shown_as=shown_as)
    page.goto(draw["page"])
    expect(page.get_by_role("heading", name="周年刮刮卡")).to_be_visible()
    assert page.get_by_label("自选数字").count() == 0
    page.goto(draw["link"])
    page.get_by_role("button", name="这是我的链接", exact=True).click()
    page.wait_for_url(re.compile(re.escape(draw["page"])))
    expect(page.get_by_text("今天还能抽 2 次")).to_be_visible()
    page.get_by_label("自选数字").fill("8888")
    names = {"scratch": "刮一张", "wheel": "转一次", "grid": "点亮一格"}
    button = page.get_by_role("button", name=names[shown_as], exact=True)
    # A nervous thumb: the same form twice, before the first answer is there.
    button.dblclick()
    result = page.get_by_role("status").filter(has_text="第 1 次：抽中“紫砂小杯”。")
    expect(result).to_be_visible()
    expect(page.get_by_text("今天还能抽 1 次")).to_be_visible()
    # The form of the page before, from the history or a reloaded answer.
    page.reload()
    expect(page.get_by_text("今天还能抽 1 次")).to_be_visible()
    assert not user.overflows()
    if has_script:
        assert user.accessibility_faults() == []
    page.get_by_role("link", name="验证", exact=True).click()
    expect(page.get_by_text("8888")).to_be_visible()
    expect(page.get_by_text("的种子第二天公布")).to_be_visible()
    assert ask("reveal", page=draw["page"]) == 1
    page.reload()
    assert not user.overflows()
    if has_script:
        page.get_by_role("button", name="算一遍", exact=True).click()
        expect(page.get_by_text("正确：结果相同。")).to_be_visible()
        assert user.accessibility_faults() == []
    with page.expect_download() as download:
        page.get_by_role("link", name="下载这张抽奖券", exact=True).click()
    assert download.value.suggested_filename.startswith("instant-draw-")

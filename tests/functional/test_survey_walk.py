"""A branching survey left and resumed on another phone, with and without JavaScript."""

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
def test_a_branching_survey_is_left_and_resumed(
    has_script: bool, site: Site, visit: Any, ask: Any
) -> None:
    first = visit(phone=True, locale="zh-CN", java_script_enabled=has_script)
    page, survey = first.page, ask("survey")
    page.goto(survey["page"])
    expect(page.get_by_role("heading", name="品鉴会之后")).to_be_visible()
    assert page.get_by_role("radio").count() == 0
    open_link(page, survey["link"], survey["page"])
    expect(page.get_by_text("第 1 题，共 2 题")).to_be_visible()
    page.get_by_role("button", name="下一题", exact=True).click()
    expect(page.get_by_text("请回答这道题。")).to_be_visible()
    page.get_by_label("没来").check()
    page.get_by_role("button", name="下一题", exact=True).click()
    expect(page.get_by_label("什么原因没来？")).to_be_visible()
    assert not first.overflows()

    second = visit(phone=True, locale="zh-CN", java_script_enabled=has_script)
    page = second.page
    open_link(page, survey["second_link"], survey["page"])
    expect(page.get_by_text("第 2 题，共 3 题")).to_be_visible()
    page.get_by_role("button", name="返回", exact=True).click()
    expect(page.get_by_label("没来")).to_be_checked()
    page.get_by_label("来了").check()
    page.get_by_role("button", name="下一题", exact=True).click()
    expect(page.get_by_text("愿意推荐给朋友吗？")).to_be_visible()
    assert not second.overflows()
    if has_script:
        assert second.accessibility_faults() == []
    page.get_by_label("10", exact=True).check()
    page.get_by_role("button", name="下一题", exact=True).click()
    page.get_by_label("龙井").check()
    page.get_by_label("普洱").check()
    page.get_by_role("button", name="提交", exact=True).click()
    expect(page.get_by_text("这份问卷已经答过了，谢谢。")).to_be_visible()
    first.page.goto(survey["page"])
    expect(first.page.get_by_text("这份问卷已经答过了，谢谢。")).to_be_visible()


def open_link(page: Any, link: str, survey: str) -> None:
    page.goto(link)
    page.get_by_role("button", name="这是我的链接", exact=True).click()
    page.wait_for_url(re.compile(re.escape(survey)))

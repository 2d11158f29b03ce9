"""A quiz and a chain of idioms on a phone, with and without JavaScript, and for staff."""

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


def bind(page: Any, game: dict[str, str]) -> None:
    page.goto(game["link"])
    page.get_by_role("button", name="这是我的链接", exact=True).click()
    page.wait_for_url(re.compile(re.escape(game["page"])))


@pytest.mark.parametrize("has_script", [True, False])
def test_a_member_answers_a_quiz_and_staff_let_an_answer_count(
    has_script: bool, site: Site, visit: Any, ask: Any
) -> None:
    user = visit(phone=True, locale="zh-CN", java_script_enabled=has_script)
    page, quiz = user.page, ask("quiz")
    page.goto(quiz["page"])
    expect(page.get_by_text("普洱茶产自哪个省？")).to_be_visible()
    assert page.get_by_role("textbox").count() == 0
    bind(page, quiz)
    page.get_by_label("你的答案").fill("滇")
    page.get_by_role("button", name="提交答案").first.click()
    expect(page.get_by_text("没答对，可以再试。")).to_be_visible()
    page.get_by_label("B 绿茶").check()
    page.get_by_role("button", name="提交答案").last.click()
    expect(page.get_by_text("答对了：10 分。")).to_be_visible()
    expect(page.get_by_text("王＊ · 你")).to_be_visible()
    assert not user.overflows()
    if has_script:
        assert user.accessibility_faults() == []

    staff = visit("xia", locale="zh-CN")
    staff.page.goto(f"{quiz['staff_page']}?round=1")
    staff.page.get_by_role("button", name="判为算数").click()
    expect(staff.page.get_by_text("这个作答算数。")).to_be_visible()
    expect(staff.page.get_by_text("20 分").first).to_be_visible()
    assert not staff.overflows()
    assert staff.accessibility_faults() == []
    page.reload()
    expect(page.get_by_text("20 分").first).to_be_visible()
    assert page.get_by_role("button", name="提交答案").count() == 0


def test_a_member_goes_on_with_a_chain(site: Site, visit: Any, ask: Any) -> None:
    user = visit(phone=True, locale="zh-CN", java_script_enabled=False)
    page, chain = user.page, ask("chain")
    bind(page, chain)
    page.get_by_label("请接“意”").fill("画蛇添足")
    page.get_by_role("button", name="接上", exact=True).click()
    expect(page.get_by_text("“画蛇添足”接不上。")).to_be_visible()
    page.get_by_label("请接“意”").fill("意气风发")
    page.get_by_role("button", name="接上", exact=True).click()
    expect(page.get_by_text("“意气风发”接上了。")).to_be_visible()
    expect(page.get_by_label("请接“发”")).to_be_visible()
    assert not user.overflows()

"""Homework handed in, reviewed by two others, published and read, on phones in Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.functional import member_site
from tests.functional.conftest import Site

WORKS = (
    "92 度和 88 度各一杯，其他不变。88 度的酸更亮，尾段短；92 度更甜，有焦糖。",
    "只改了研磨。粗一格之后两分十秒，茶感多了，苦少了。",
    "两次注水和三次注水，三次的更干净 <b>清爽</b>。",
)


@pytest.fixture(scope="module")
def ask(site: Site) -> Iterator[Any]:
    with member_site.running(site.home) as ask:
        yield ask


def hand_in(page: Any, homework: Any, number: int) -> None:
    page.goto(homework["links"][number])
    page.get_by_role("button", name="这是我的链接", exact=True).click()
    page.wait_for_url(re.compile(re.escape(homework["page"])))
    page.get_by_label("作业内容").fill(WORKS[number])
    page.get_by_role("button", name="提交", exact=True).click()
    expect(page.get_by_text("已按时提交").first).to_be_visible()


def review(page: Any, homework: Any, score: str) -> None:
    """Write the next review that waits, on its own page."""
    page.goto(homework["page"])
    rows = page.locator("#reviews li").filter(has_text="待评阅")
    rows.first.get_by_role("link").click()
    page.get_by_label("评分").select_option(score)
    page.get_by_label("哪里好，哪里可以更好？").fill("写得很清楚，时间也记一下更好。")
    page.get_by_role("button", name="提交评阅").click()
    expect(page.locator("#reviews")).to_be_visible()


@pytest.mark.parametrize("has_script", [True, False])
def test_homework_is_handed_in_reviewed_and_read(
    has_script: bool, visit: Any, ask: Any
) -> None:
    homework = ask("homework")
    phones = [
        visit(phone=True, locale="zh-CN", java_script_enabled=has_script)
        for _work in WORKS
    ]
    ann = phones[0]
    ann.page.goto(homework["page"])
    ann.take_screenshot(f"homework-stranger-{has_script}")
    for number, phone in enumerate(phones):
        hand_in(phone.page, homework, number)
    ann.page.get_by_label("作业内容").fill(WORKS[0] + "最后一口像橘子。")
    ann.page.get_by_role("button", name="更新", exact=True).click()
    expect(ann.page.get_by_text("已更新").first).to_be_visible()
    ann.take_screenshot(f"homework-handed-in-{has_script}")
    assert ask("homework_due", pk=homework["pk"]) == 6
    ann.page.goto(homework["page"])
    expect(ann.page.get_by_text("还有 2 份别人的作业等你评阅")).to_be_visible()
    ann.take_screenshot(f"homework-to-review-{has_script}")
    ann.page.locator("#reviews li").first.get_by_role("link").click()
    expect(ann.page.get_by_text("李雷")).to_have_count(0)
    ann.take_screenshot(f"homework-review-{has_script}")
    assert not ann.overflows()
    if has_script:
        assert ann.accessibility_faults() == []
    for phone, scores in zip(phones, (("8", "7"), ("9", "6"), ("6", "7")), strict=True):
        for score in scores:
            review(phone.page, homework, score)
    ask("homework_over", pk=homework["pk"])
    desk = visit("xia", locale="zh-CN")
    root = f"/activities/homework/{homework['pk']}/"
    desk.page.goto(root)
    desk.take_screenshot(f"homework-overview-{has_script}")
    assert not desk.overflows()
    desk.page.get_by_role("button", name="公布 3 份成绩").click()
    expect(desk.page.get_by_text("已公布 3 份成绩。")).to_be_visible()
    ann.page.goto(homework["page"])
    expect(ann.page.get_by_text("分（满分 10），已通过。").first).to_be_visible()
    expect(ann.page.get_by_text("写得很清楚，时间也记一下更好。").first).to_be_visible()
    ann.page.get_by_label("关于作业给员工留言").fill("谢谢，下次记时间。")
    ann.page.get_by_role("button", name="发送", exact=True).click()
    expect(ann.page.get_by_text("谢谢，下次记时间。")).to_be_visible()
    ann.take_screenshot(f"homework-result-{has_script}")
    assert not ann.overflows()
    if has_script:
        assert ann.accessibility_faults() == []


def test_the_pages_of_staff(visit: Any, ask: Any) -> None:
    homework = ask("homework")
    phones = [visit(phone=True, locale="zh-CN") for _work in WORKS]
    for number, phone in enumerate(phones):
        hand_in(phone.page, homework, number)
    ask("homework_due", pk=homework["pk"])
    review(phones[0].page, homework, "8")
    root = f"/activities/homework/{homework['pk']}/"
    for phone in (False, True):
        desk = visit("xia", phone=phone, locale="zh-CN")
        desk.page.goto(root)
        assert not desk.overflows()
        assert desk.accessibility_faults() == []
        desk.take_screenshot(f"homework-list-{phone}")
        desk.page.locator("main .queue a[href*='/homework/']").first.click()
        expect(desk.page.get_by_role("heading", name="员工评定")).to_be_visible()
        assert not desk.overflows()
        assert desk.accessibility_faults() == []
        desk.take_screenshot(f"homework-one-{phone}")

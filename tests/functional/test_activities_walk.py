"""The operator's day: drafting, approval on a phone, the live screen, and the lesson."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from playwright.sync_api import expect

from tests.functional.browser_user import BrowserUser

DAY = timedelta(days=1)


def is_told(user: BrowserUser, text: str) -> None:
    """What they did is confirmed."""
    expect(user.page.locator("#toasts")).to_contain_text(text)


def test_a_draw_is_drafted_and_approved_on_a_phone(visit: Any) -> None:
    mei = visit("mei")
    page = mei.page
    mei.go("/activities/")
    mei.link("新建活动").click()
    # What was learned from the last one of each kind comes first.
    mei.sees("抽奖")
    page.locator("#kind-draw").get_by_role("link", name="起草").click()
    page.get_by_label("名称", exact=True).fill("新茶抽奖")
    page.get_by_label("用户看到的内容").fill("新茶到店，抽五位先尝。")
    start = datetime.now() + DAY  # noqa: DTZ005 - as people type it
    page.get_by_label("开始时间").fill(f"{start:%Y-%m-%dT10:00}")
    page.get_by_label("结束时间").fill(f"{start + DAY:%Y-%m-%dT20:00}")
    page.get_by_label("不能参加的人看到的话").fill("先进群再来。")
    page.get_by_label("通知谁").select_option("all")
    # Both rules are counted while they are chosen.
    counts = page.locator("[hx-post$='/activities/count/']")
    expect(counts).to_contain_text(
        re.compile(r"谁能参加.*\d+ 人.*通知谁.*两者都在", re.S)
    )
    page.get_by_label("只在部分群").or_(page.get_by_text("只在部分群")).click()
    page.get_by_label("茶友一群").check()
    expect(counts).to_contain_text("会收到通知却不能参加")
    mei.button("去核对").click()
    mei.sees("提交前还缺")
    page.get_by_role("link", name="奖品和中奖名单").last.click()
    prize = page.get_by_label("奖品 1")
    prize.select_option(label="紫砂壶")
    page.get_by_label("数量 1").fill("3")
    mei.button("保存奖品").click()
    is_told(mei, "已保存")
    mei.link("回到活动").click()
    mei.sees("最高可能花费")
    expect(page.get_by_text("提交前还缺")).to_have_count(0)
    mei.sees("其中：")
    mei.button("提交审批").click()
    mei.sees("待审批")
    address = page.url

    liu = visit("liu", phone=True)
    liu.go("/")
    liu.page.locator("li", has_text="“新茶抽奖”等你审批").get_by_role(
        "link"
    ).last.click()
    assert liu.page.url == address
    assert not liu.overflows()
    assert liu.accessibility_faults() == []
    liu.button("通过并发布").click()
    is_told(liu, "已发布")


def test_the_live_screen_is_worked_on_a_phone(visit: Any) -> None:
    chen = visit("chen", phone=True)
    page, live = chen.page, chen.ids["activity_live"]
    chen.go(f"/activities/{live}/")
    chen.sees("实况")
    chen.sees("每分钟订单")
    chen.sees("还没发的群： 茶友一群")
    row = page.get_by_role("row", name=re.compile("茶券"))
    expect(row).to_contain_text("缺 5 个兑换码")
    expect(row.get_by_role("cell").last).to_have_text("15")
    assert not chen.overflows()
    assert chen.accessibility_faults() == []
    chen.button("补发").click()
    is_told(chen, "已补发到 1 个群")


def test_stock_is_added_while_it_runs(visit: Any) -> None:
    mei = visit("mei")
    page = mei.page
    mei.go(f"/activities/{mei.ids['activity_live']}/")
    page.get_by_text("加库存：茶券").click()
    page.get_by_label("增加多少").fill("7")
    mei.button("添加").click()
    is_told(mei, "库存还剩 22")
    page.get_by_text("提前结束", exact=True).click()
    mei.sees("由第二个人确认")
    assert mei.accessibility_faults() == []


def test_the_lesson_is_asked_for_on_today(visit: Any) -> None:
    mei = visit("mei")
    page = mei.page
    mei.go("/")
    page.locator("li", has_text="“读茶书打卡”：学到什么？").get_by_role(
        "link"
    ).last.click()
    mei.sees("花费")
    mei.sees("之后离开")
    page.get_by_label("给下一次的一句话").fill("周一开始人更多。")
    mei.button("记下").click()
    mei.sees("周一开始人更多。")
    mei.go("/activities/new/")
    mei.sees("上次学到（读茶书打卡）：周一开始人更多。")

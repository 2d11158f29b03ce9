"""A member redeems and undoes it, reserves, and bids in the last second, on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.functional import member_site
from tests.functional.conftest import Site
from tests.functional.member_site.parts import NAME


@pytest.fixture(scope="module")
def ask(site: Site) -> Iterator[Any]:
    with member_site.running(site.home) as ask:
        yield ask


@pytest.mark.parametrize("has_script", [True, False])
def test_a_member_spends_points_on_a_phone(
    has_script: bool, site: Site, visit: Any, ask: Any
) -> None:
    user = visit(phone=True, locale="zh-CN", java_script_enabled=has_script)
    page, shop = user.page, ask("mall")

    def press(name: str) -> None:
        page.get_by_role("button", name=name, exact=True).first.click()

    def sees(text: str) -> None:
        expect(page.get_by_text(text).first).to_be_visible()

    page.goto(shop["mall"])
    sees("这里使用积分，请先登录。")
    assert page.get_by_role("button", name="兑换").count() == 0
    page.goto(f"{shop['root']}sign-in")
    press("显示六位数字")
    digits = page.locator(".digits")
    expect(digits).to_have_text(re.compile(r"^\d{6}$"))
    ask("confirm", member=shop["member"], digits=digits.inner_text())
    page.get_by_role("link", name="我已发送", exact=True).click()
    expect(page.get_by_role("heading", name=NAME)).to_be_visible()

    page.goto(shop["mall"])
    sees("你有 120 积分。")
    press("用 30 积分兑换“青瓷杯”")
    sees("“青瓷杯”兑换成功，用了 30 积分。")
    sees("还剩 4 件")
    assert not user.overflows()
    press("撤销：青瓷杯")
    sees("你有 120 积分。")
    sees("已撤销")

    page.goto(shop["sale"])
    press("抢一件")
    sees("已为你预留一件")
    press("用 20 积分确认")
    sees("你已抢到一件。")
    assert not user.overflows()

    page.goto(shop["auction"])
    sees("还没有人出价。")
    page.get_by_role("textbox").fill("40")
    press("出价")
    sees("你出的 40 积分是最高价")
    assert ask("outbid", page=shop["auction"], member=shop["other"], points=60) == {
        "accepted": True,
        "moved": True,
    }
    if has_script:
        # Nobody reloads it: the highest bid is read again.
        expect(page.get_by_text("当前最高：60 积分")).to_be_visible(timeout=30_000)
        assert user.accessibility_faults() == []
    else:
        page.goto(shop["auction"])
        sees("当前最高：60 积分")
    page.get_by_role("textbox").fill("65")
    press("出价")
    sees("你出的 65 积分是最高价")
    assert not user.overflows()

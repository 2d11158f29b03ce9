"""The walk of a member on a phone, with a check-in in a lift, and without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright import sync_api as playwright
from playwright.sync_api import expect

from tests import browser
from tests.functional import member_site, test_guide
from tests.functional.browser_user import BrowserUser
from tests.functional.conftest import Site
from tests.functional.member_site.parts import NAME

MAX_BYTES = 60_000
TICKET = re.compile(r"^[0-9a-f]{32}$")


@pytest.fixture(scope="module")
def ask(site: Site) -> Iterator[Any]:
    with member_site.running(site.home) as ask:
        yield ask


class Member:
    """A member at a browser, step by step as a guide would say it."""

    def __init__(self, user: BrowserUser, ask: Any) -> None:
        self.user, self.page, self.ask = user, user.page, ask
        self.shop = ask("open")

    def sees(self, text: str) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible()

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name, exact=True).first.click()

    def bind(self, link: str, page: str) -> None:
        """Open a personal link, on which no name stands, and say that it is theirs."""
        self.page.goto(link)
        assert "王" not in self.page.content()
        self.press("这是我的链接")
        self.page.wait_for_url(re.compile(re.escape(page)))

    def looks_right(self) -> None:
        assert not self.user.overflows()
        assert self.user.accessibility_faults() == []

    def photograph(self, name: str) -> None:
        """Take a picture of the guide in both languages, with `make pictures`."""
        if not browser.PICTURES:
            return
        shown = self.page.url
        for language, code in (("en", "en"), ("zh", "zh-hans")):
            self.page.context.add_cookies(
                [
                    {
                        "name": "qunce_display",
                        "value": f"{code}.light.normal",
                        "domain": "127.0.0.1",
                        "path": "/p/",
                    }
                ]
            )
            self.page.goto(shown)
            test_guide.take_picture(self.user, language, name)

    def join_the_draw(self) -> str:
        """Returns the number of the ticket."""
        self.bind(self.shop["draw_link"], self.shop["draw"])
        self.press("参加抽奖")
        number = self.page.locator("p.number", has_text=TICKET)
        expect(number).to_be_visible()
        return str(number.inner_text())

    def see_the_result(self, number: str) -> None:
        """The winners, and the certificate, in which the ticket is found."""
        self.page.goto(self.shop["draw"])
        self.sees("你中奖了：紫砂壶。")
        self.sees("王＊")
        self.page.goto(self.shop["certificate"])
        self.sees("你的抽奖码在名单里")
        self.page.get_by_label("抽奖码").fill(number)
        self.press("查一下")
        self.sees("在名单里，第 1 位。")

    def sign_in(self) -> None:
        """By six digits, which staff confirm."""
        self.page.goto(f"{self.shop['root']}sign-in")
        self.press("显示六位数字")
        digits = self.page.locator(".digits")
        expect(digits).to_have_text(re.compile(r"^\d{6}$"))
        self.ask("confirm", member=self.shop["member"], digits=digits.inner_text())
        self.follow("我已发送")
        expect(self.page.get_by_role("heading", name=NAME)).to_be_visible()
        self.sees("120 可用积分")

    def claim(self) -> None:
        """Claim the prize with an address, and find the number of the parcel."""
        self.follow("紫砂壶")
        self.page.get_by_label("收件人").fill("王小明")
        self.page.get_by_label("手机").fill("13800138000")
        self.page.get_by_label("地址").fill("杭州市龙井路 1 号")
        self.press("领取")
        self.sees("已领取，我们正在为你准备。")
        self.ask("send", page=self.shop["draw"])
        self.page.reload()
        self.sees("已寄出：顺丰 SF1234567890。")

    def leave(self) -> None:
        """Take everything that is stored, and opt out."""
        self.page.goto(f"{self.shop['root']}privacy")
        with self.page.expect_download() as download:
            self.press("下载全部数据")
        assert download.value.suggested_filename.endswith(".zip")
        self.page.get_by_role("button", name="退订消息").last.click()
        self.sees("你已退订消息。")


def test_a_member_walks_from_a_link_to_the_parcel(
    site: Site, visit: Any, ask: Any
) -> None:
    user = visit(phone=True, locale="zh-CN")
    member = Member(user, ask)
    page, shop = user.page, member.shop
    sizes: list[int] = []

    def weigh(request: playwright.Request) -> None:
        size = request.sizes()
        sizes.append(size["responseBodySize"] + size["responseHeadersSize"])

    page.on("requestfinished", weigh)
    with page.expect_event("requestfinished"):
        page.goto(shop["check_in"])
    assert 0 < sum(sizes) <= MAX_BYTES
    page.remove_listener("requestfinished", weigh)
    expect(page.get_by_role("heading", name="每天三十页")).to_be_visible()
    member.looks_right()
    member.bind(shop["check_in_link"], shop["check_in"])
    check_in_in_a_lift(member)
    member.looks_right()
    member.photograph("member_check_in")
    page.get_by_role("link", name="连续打卡图片").click()
    picture = page.get_by_role("img", name=re.compile("每天三十页 .*王＊ .*连续 1 天"))
    expect(picture).to_have_js_property("naturalWidth", 750)
    member.looks_right()
    member.photograph("member_streak")
    number = member.join_the_draw()
    member.looks_right()
    ask("draw", page=shop["draw"])
    member.see_the_result(number)
    page.get_by_role("button", name="计算中奖名单").click()
    member.sees("正确：结果一致。")
    member.looks_right()
    member.photograph("member_certificate")
    member.sign_in()
    member.looks_right()
    page.get_by_role("button", name="长辈版").click()
    expect(page.locator("html.is-large")).to_be_visible()
    member.looks_right()
    member.claim()
    member.looks_right()
    member.photograph("member_prize")
    member.leave()
    member.looks_right()


def check_in_in_a_lift(member: Member) -> None:
    """The phone believes that it has a network, and the answer is lost on the way."""
    page, shop = member.page, member.shop
    button = page.get_by_role("button", name="打卡", exact=True)
    expect(button).to_be_visible()
    lost: list[str] = []

    def lose(route: playwright.Route) -> None:
        lost.append(route.request.url)
        if len(lost) == 1:
            route.fetch(max_redirects=0)
        route.abort()

    page.route("**/join", lose)
    button.click()
    member.sees("已保存，联网后提交")
    expect(button).to_be_disabled()
    # A second tap, on the page as it is opened again without a network.
    page.context.set_offline(True)
    page.goto(shop["check_in"])
    member.sees("已保存，联网后提交")
    button.click()
    expect(button).to_be_disabled()
    page.unroute("**/join")
    page.context.set_offline(False)
    member.sees("今天已打卡")
    assert len(lost) >= 1
    assert member.ask("count", page=shop["check_in"]) == 1
    assert (
        page.evaluate(
            "localStorage.getItem('qunce.queue' + document.body.dataset.root)"
        )
        == "[]"
    )
    # What failed in the lift was no fault of the page.
    member.user.faults.clear()


def test_a_member_walks_without_javascript(site: Site, visit: Any, ask: Any) -> None:
    user = visit(phone=True, locale="zh-CN", java_script_enabled=False)
    member = Member(user, ask)
    member.bind(member.shop["check_in_link"], member.shop["check_in"])
    member.press("打卡")
    member.sees("今天已打卡")
    number = member.join_the_draw()
    ask("draw", page=member.shop["draw"])
    member.see_the_result(number)
    member.sign_in()
    member.claim()
    member.leave()


def test_what_waits_on_a_phone_without_its_cookie_is_not_lost_silently(
    site: Site, visit: Any, ask: Any
) -> None:
    user = visit(phone=True, locale="zh-CN")
    member = Member(user, ask)
    page, shop = user.page, member.shop

    def tap_without_signal(link: str) -> None:
        member.bind(link, shop["draw"])
        page.route("**/join", lambda route: route.abort())
        member.press("参加抽奖")
        member.sees("已保存，联网后提交")
        page.context.clear_cookies(name="qunce_member")
        page.unroute("**/join")

    tap_without_signal(shop["draw_link"])
    page.evaluate("dispatchEvent(new Event('online'))")
    member.sees("没有提交成功，请重新打开页面。")
    # The same again, and now the page is opened with another link of this member.
    tap_without_signal(ask("link", member=shop["member"], page=shop["draw"]))
    page.goto(shop["draw"])
    member.sees("这部手机上有一次提交还没有发出。")
    link = ask("link", member=shop["member"], page=shop["draw"])
    member.bind(link, shop["draw"])
    expect(page.locator("p.number", has_text=TICKET)).to_be_visible()
    user.faults.clear()

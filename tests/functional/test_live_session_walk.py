"""A live session on two phones and at the desk: reserve, enter, replay, and the results."""

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


def open_page(page: Any, live: Any, link: str) -> None:
    page.goto(link)
    page.get_by_role("button", name="这是我的链接", exact=True).click()
    page.wait_for_url(re.compile(re.escape(live["page"])))


@pytest.mark.parametrize("has_script", [True, False])
def test_reserve_enter_and_watch_the_replay(
    has_script: bool, visit: Any, ask: Any
) -> None:
    live = ask("live")
    first = visit(phone=True, locale="zh-CN", java_script_enabled=has_script)
    second = visit(phone=True, locale="zh-CN", java_script_enabled=has_script)
    for each in (first, second):
        # The room is on another site, which tests do not open.
        each.page.route("https://live.example/**", lambda route: route.abort())
    open_page(first.page, live, live["links"][0])
    first.page.get_by_role("button", name="预约", exact=True).click()
    expect(first.page.get_by_text("你已预约").first).to_be_visible()
    expect(first.page.get_by_role("link", name="加入日历")).to_be_visible()
    assert not first.overflows()
    first.take_screenshot(f"live-reserved-{has_script}")
    if has_script:
        assert first.accessibility_faults() == []
    open_page(second.page, live, live["links"][1])
    second.page.get_by_role("button", name="预约", exact=True).click()
    expect(second.page.get_by_text("你已预约").first).to_be_visible()
    first.page.get_by_role("button", name="进入直播间").click()
    room = first.page.get_by_role("link", name="现在打开")
    expect(room).to_have_attribute("href", "https://live.example/room")
    first.take_screenshot(f"live-room-{has_script}")
    first.page.goto(live["page"])
    expect(first.page.get_by_text("你已到场。")).to_be_visible()
    ask("live_over", pk=live["pk"])
    desk = visit("eve", locale="zh-CN")
    desk.page.goto(f"/activities/live/{live['pk']}/")
    desk.page.get_by_label("Number of people").fill("1,200")
    desk.page.get_by_role("button", name="Store", exact=True).click()
    expect(desk.page.get_by_text("Typed:")).to_be_visible()
    desk.page.get_by_label("Replay").fill("https://live.example/replay")
    desk.page.get_by_role("button", name="Show it to members").click()
    expect(desk.page.get_by_text("Members see the replay.")).to_be_visible()
    second.page.goto(live["page"])
    second.page.get_by_role("button", name="看回放").click()
    expect(second.page.get_by_role("link", name="现在打开")).to_be_visible()
    second.page.goto(live["page"])
    assert not second.overflows()
    second.take_screenshot(f"live-replay-{has_script}")
    desk.page.goto(f"/activities/live/{live['pk']}/")
    desk.page.get_by_role("button", name="Those who did not come as a segment").click()
    expect(desk.page.get_by_text("and did not come").first).to_be_visible()


def test_the_pages_of_staff(visit: Any, ask: Any) -> None:
    live = ask("live")
    guest = visit(phone=True, locale="zh-CN")
    for link in live["links"]:
        open_page(guest.page, live, link)
        guest.page.get_by_role("button", name="预约", exact=True).click()
    for phone in (False, True):
        for scheme in ("light", "dark"):
            desk = visit("eve", phone=phone, locale="zh-CN", color_scheme=scheme)
            desk.page.goto(f"/activities/live/{live['pk']}/")
            desk.page.get_by_label("Names of those who came").fill("李雷\n没有这个人")
            desk.page.get_by_role("button", name="Enter these members").click()
            expect(
                desk.page.get_by_text("line 2: no member is called this")
            ).to_be_visible()
            assert not desk.overflows()
            assert desk.accessibility_faults() == []
            desk.take_screenshot(f"live-desk-{phone}-{scheme}")

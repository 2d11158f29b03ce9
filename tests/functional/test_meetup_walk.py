"""The last seat of a meet-up, its waitlist, and check-in by QR on the phone of staff."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect
from zxingcpp import read_barcodes

from tests.functional import member_site
from tests.functional.conftest import Site


@pytest.fixture(scope="module")
def ask(site: Site) -> Iterator[Any]:
    with member_site.running(site.home) as ask:
        yield ask


def sign_up(page: Any, meetup: Any, link: str) -> None:
    page.goto(link)
    page.get_by_role("button", name="这是我的链接", exact=True).click()
    page.wait_for_url(re.compile(re.escape(meetup["page"])))
    page.get_by_label("喝过杯测吗？").fill("第一次 <b>")
    page.get_by_role("button", name="报名", exact=True).click()


@pytest.mark.parametrize("has_script", [True, False])
def test_the_last_seat_the_waitlist_and_the_entrance(
    has_script: bool, visit: Any, ask: Any
) -> None:
    meetup = ask("meetup")
    first = visit(phone=True, locale="zh-CN", java_script_enabled=has_script)
    second = visit(phone=True, locale="zh-CN", java_script_enabled=has_script)
    first.page.goto(meetup["page"])
    expect(first.page.get_by_text("还有 1 个名额")).to_be_visible()
    sign_up(first.page, meetup, meetup["links"][0])
    expect(first.page.get_by_text("你有名额：").first).to_be_visible()
    sign_up(second.page, meetup, meetup["links"][1])
    expect(second.page.get_by_text("的候补第 1 位").first).to_be_visible()
    second.take_screenshot(f"meetup-waiting-{has_script}")
    first.page.get_by_role("button", name="取消我的报名").click()
    expect(first.page.get_by_text("你的报名已取消。").first).to_be_visible()
    second.page.goto(meetup["page"])
    expect(second.page.get_by_text("你有名额：").first).to_be_visible()
    assert not second.overflows()
    second.take_screenshot(f"meetup-seat-{has_script}")
    if has_script:
        assert second.accessibility_faults() == []
    picture = second.page.locator("img.qr")
    file = second.page.request.get(picture.get_attribute("src"))
    (code,) = read_barcodes(Image.open(io.BytesIO(file.body())))
    desk = visit("xia", phone=True, locale="zh-CN")
    desk.page.goto(code.text)
    expect(desk.page.get_by_role("heading", name="李雷")).to_be_visible()
    desk.take_screenshot(f"meetup-scan-{has_script}")
    desk.page.get_by_role("button", name="李雷").click()
    seen = "已经签到过"
    expect(desk.page.get_by_text(seen)).to_be_visible()
    expect(desk.page.get_by_text("静安店二楼").first).to_be_visible()
    assert not desk.overflows()
    second.page.goto(meetup["page"])
    expect(second.page.get_by_text("你已签到：").first).to_be_visible()


def test_the_pages_of_staff(visit: Any, ask: Any) -> None:
    meetup = ask("meetup")
    guest = visit(phone=True, locale="zh-CN")
    for link in meetup["links"]:
        sign_up(guest.page, meetup, link)
    root = f"/activities/meetups/{meetup['pk']}/"
    for phone in (False, True):
        desk = visit("xia", phone=phone, locale="zh-CN")
        for name in ("", "print/", "code/", "scan/"):
            desk.page.goto(root + name)
            assert not desk.overflows()
            assert desk.accessibility_faults() == []
            desk.take_screenshot(f"meetup-{name.strip('/') or 'list'}-{phone}")

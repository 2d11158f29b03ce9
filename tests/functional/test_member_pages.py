"""A member on a phone: the link, a check-in in a lift, and the same without JavaScript."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

from playwright import sync_api as playwright

from tests.cli.runner import environment
from tests.functional.conftest import ROOT, Site

MAX_BYTES = 60_000


def ask(site: Site, *what: str) -> Any:
    result = subprocess.run(
        [sys.executable, "-m", "tests.functional.member_site", *what],
        env=environment(site.home),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def test_a_check_in_without_signal_is_entered_once(site: Site, visit: Any) -> None:
    shop = ask(site, "open")
    member = visit(phone=True, locale="zh-CN")
    page: playwright.Page = member.page
    sizes: list[int] = []

    def weigh(request: playwright.Request) -> None:
        size = request.sizes()
        sizes.append(size["responseBodySize"] + size["responseHeadersSize"])

    page.on("requestfinished", weigh)
    with page.expect_event("requestfinished"):
        page.goto(shop["page"])
    assert 0 < sum(sizes) <= MAX_BYTES
    page.remove_listener("requestfinished", weigh)
    playwright.expect(page.get_by_role("heading", name="每天三十页")).to_be_visible()
    assert member.accessibility_faults() == []
    page.goto(shop["link"])
    assert "王" not in page.content()
    page.get_by_role("button", name="这是我的链接").click()
    page.wait_for_url(re.compile(re.escape(shop["page"])))
    button = page.get_by_role("button", name="打卡", exact=True)
    playwright.expect(button).to_be_visible()
    assert member.accessibility_faults() == []
    # In the lift: the phone believes that it has a network, and the answer is lost after
    # the server has taken the check-in.
    lost: list[str] = []

    def lose(route: playwright.Route) -> None:
        lost.append(route.request.url)
        route.fetch(max_redirects=0)
        route.abort()

    page.route("**/join", lose)
    button.click()
    playwright.expect(page.get_by_text("已保存，联网后提交")).to_be_visible()
    playwright.expect(button).to_be_disabled()
    page.unroute("**/join")
    assert len(lost) == 1
    page.context.set_offline(True)
    page.context.set_offline(False)
    playwright.expect(page.get_by_text("今天已打卡")).to_be_visible()
    assert ask(site, "count", shop["page"].rpartition("/")[2]) == 1
    # What failed in the lift was no fault of the page.
    member.faults.clear()
    page.get_by_role("button", name="长辈版").click()
    playwright.expect(page.locator("html.is-large")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert member.accessibility_faults() == []
    page.get_by_role("button", name="退订消息").click()
    playwright.expect(page.get_by_text("你已退订消息")).to_be_visible()


def test_a_member_takes_part_without_javascript(site: Site, visit: Any) -> None:
    shop = ask(site, "open")
    member = visit(phone=True, locale="zh-CN", java_script_enabled=False)
    page: playwright.Page = member.page
    page.goto(shop["link"])
    page.get_by_role("button", name="这是我的链接").click()
    page.get_by_role("button", name="打卡", exact=True).click()
    playwright.expect(page.get_by_text("今天已打卡")).to_be_visible()
    page.goto(f"{shop['root']}sign-in")
    page.get_by_role("button", name="显示六位数字").click()
    playwright.expect(page.locator(".digits")).to_have_text(re.compile(r"^\d{6}$"))

"""A patrol round by one key, and a newcomer at the gate on a phone (V10, V16)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import expect

from tests.functional.browser_user import wait_for_text

PAGES = (
    "/groups/lists/",
    "/groups/lists/new/",
    "/groups/lists/candidates/",
    "/groups/entry/",
    "/groups/entry/1/",
    "/groups/entry/gates/1/",
    "/groups/overlaps/",
    "/groups/overlaps/1/",
    "/groups/overlaps/1/clean-up/",
    "/groups/overlaps/new/",
    "/groups/patrol/",
    "/groups/patrol/1/",
)


def test_a_round_takes_one_key_a_group(visit: Any) -> None:
    user = visit("ann")
    page = user.page
    user.go("/groups/patrol/")
    left = page.locator("tbody tr:not(.is-empty)").count()
    assert left
    user.take_screenshot("patrol")
    page.keyboard.press("n")
    bar = page.locator(".patrol-bar")
    for _number in range(left):
        expect(bar).to_be_visible()
        before = page.locator("h1").inner_text()
        page.keyboard.press("n")
        expect(page.locator("[data-toast]").first).to_contain_text(before)
    expect(page.locator("main")).to_contain_text("The round is done")
    # What was passed over by mistake is shown again.
    user.button("Undo").first.click()
    expect(bar).to_be_visible()
    assert not user.accessibility_faults()
    assert user.faults == []


def test_a_newcomer_answers_on_a_phone(visit: Any) -> None:
    user = visit("ann", phone=True)
    page = user.page
    user.go("/groups/entry/1/")
    page.locator("#answer").fill("hello")
    user.button("Check the answer").click()
    expect(page.locator("main")).to_contain_text("does not fit")
    page.locator("#answer").fill("暗号：明前茶")
    user.button("Check the answer").click()
    expect(page.locator("main")).to_contain_text("approval by staff")
    user.take_screenshot("entry-request")
    user.button("Let in").first.click()
    expect(page.locator("[data-toast]").first).to_contain_text("is let in")
    expect(page.locator("main")).to_contain_text("Decided last")
    assert not user.overflows()
    assert user.faults == []


def test_who_passes_the_gate_is_welcomed(visit: Any) -> None:
    mei = visit("mei")
    page = mei.page
    mei.go("/outreach/welcomes/new/")
    page.get_by_label("名称", exact=True).fill("进群欢迎")
    page.get_by_label("入群的用户").check()
    page.locator("[name=groups]").select_option(label="茶友一群")
    page.locator("[name=for_each_group]").check()
    page.locator("[name=text]").fill("{name|朋友}，暗号对上了，进来喝茶。")
    mei.button("保存").click()
    page.wait_for_url(re.compile(r"/welcomes/\d+/$"))
    welcome = page.url
    mei.button("启用").click()
    expect(page.locator("[data-toast]")).to_contain_text("加入时会发送")

    phone = visit("chen", phone=True)
    main = phone.page.locator("main")
    phone.go("/groups/entry/2/")
    phone.page.locator("#answer").fill("明前茶")
    phone.button("核对答案").click()
    expect(main).to_contain_text("员工审批")
    phone.button("放行").first.click()
    # In WeChat, staff invite by hand.
    wait_for_text(phone.page, "/groups/entry/2/", "/done/")
    phone.go("/groups/entry/2/")
    phone.button("完成").click()
    expect(phone.page.locator("[data-toast]").last).to_be_visible()
    assert not phone.overflows()

    # The worker does what follows.
    mei.go(urlsplit(welcome).path)
    wait_for_text(page, welcome, "次加入符合")
    # Somebody of the staff posts it, as no channel does.
    found = []
    for login in ("mei", "chen", "wang"):
        user = visit(login, phone=True)
        user.go("/")
        row = user.page.locator("li").filter(has_text="条欢迎语等你代发")
        if row.count():
            row.get_by_role("link").last.click()
            user.sees("暗号对上了，进来喝茶")
            user.take_screenshot("gate-welcome-390")
            found.append(login)
    assert len(found) == 1
    mei.go(urlsplit(welcome).path)
    mei.button("归档").click()
    expect(page.locator("[data-toast]").last).to_contain_text("归档")


def test_pages_of_people_in_groups_fit_a_phone_in_chinese(visit: Any) -> None:
    user = visit("mei", phone=True)
    for path in PAGES:
        user.go(path)
        assert not user.overflows(), path
        assert not user.accessibility_faults(), path
    assert user.faults == []

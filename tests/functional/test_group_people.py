"""A patrol round by one key, and a newcomer at the gate on a phone (V10, V16)."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

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


def test_pages_of_people_in_groups_fit_a_phone_in_chinese(visit: Any) -> None:
    user = visit("mei", phone=True)
    for path in PAGES:
        user.go(path)
        assert not user.overflows(), path
        assert not user.accessibility_faults(), path
    assert user.faults == []

"""A link becomes an idea, a draft and a material, at a desk and on a phone."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from tests import browser
from tests.functional import test_guide

IDEAS = ("白露后第一批岩茶", "水温为什么差五度", "茶友来稿：一个人的周末")


def test_pasted_link_becomes_a_material(visit: Any) -> None:
    writer = visit("sue")
    page = writer.page
    writer.go("/outreach/ideas/")
    page.locator(".empty a").click()
    page.get_by_label("Text with links").fill("春茶 https://tea.invalid/a")
    writer.button("Add ideas").click()
    card = page.locator(".idea-card")
    expect(card).to_contain_text("春茶")
    page.get_by_placeholder("Any word, or pinyin of a title").fill("chuncha")
    expect(page.get_by_text("No idea fits")).to_be_visible()
    page.get_by_placeholder("Any word, or pinyin of a title").fill("春茶")
    card.get_by_role("button", name="Start").click()
    expect(page.locator("#column-draft .idea-card")).to_contain_text("春茶")
    assert not writer.overflows()
    assert not writer.accessibility_faults()
    writer.take_screenshot("ideas-1440")
    reader = visit("mei", phone=True)
    reader.go("/outreach/ideas/")
    reader.page.locator('.board-states [href="#column-draft"]').click()
    expect(reader.page.locator("#column-draft .idea-card")).to_be_in_viewport()
    assert not reader.overflows()
    assert not reader.accessibility_faults()
    reader.take_screenshot("ideas-390")
    page.locator(".idea-title").click()
    writer.button("Make a material").click()
    expect(page.get_by_label("Origin")).to_have_value("tea.invalid")
    writer.go("/outreach/ideas/feeds/")
    assert not writer.accessibility_faults()
    photograph(visit)


def photograph(visit: Any) -> None:
    """Take the picture of the guide, of a box with some ideas."""
    if not browser.PICTURES:
        return
    for language, login in (("zh", "mei"), ("en", "ann")):
        user = visit(login, viewport=test_guide.DESKTOP)
        for title in () if language == "en" else IDEAS:
            user.go("/outreach/ideas/new/")
            user.page.locator("#id_title").fill(title)
            user.page.locator("main form button.primary").click()
            expect(user.page.locator("main h1, main h2").first).to_be_visible()
        user.go("/outreach/ideas/")
        test_guide.take_picture(user, language, "ideas")

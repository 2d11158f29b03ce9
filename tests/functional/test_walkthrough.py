"""From a file to a sent message: the whole way, on a desktop in English with the
keyboard, and on a phone in Chinese.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.utils.translation import gettext, override
from playwright.sync_api import Locator, expect

from tests.functional.browser_user import BrowserUser

VALID_ROWS, TAGGED_MEMBERS = 24, 20
BROKEN_ROWS = (
    "w90,Bad phone,12,2026-11-02",
    "w91,Bad day,13900009991,2026-13-45",
    "w92,No day,,soon",
)


class Walkthrough:
    """The steps of a user, who finds buttons by their labels in the user's language."""

    def __init__(self, user: BrowserUser, language: str, name: str) -> None:
        self.user, self.page, self.language = user, user.page, language
        self.name = name

    def label(self, text: str) -> str:
        with override(self.language):
            return gettext(text)

    def click(self, text: str, within: Locator | None = None) -> None:
        button = (within or self.page).get_by_role("button", name=self.label(text))
        button.first.click()

    def follow(self, text: str) -> None:
        self.page.get_by_role("link", name=self.label(text)).first.click()

    def import_file(self, path: Path) -> None:
        self.user.go("/members/import/new/")
        self.page.locator("input[type=file]").set_input_files(path)
        self.click("Upload and preview")
        self.page.wait_for_url(re.compile(r"/import/files/\d+/"))
        expect(self.page.locator("main")).to_contain_text(f"{self.name} 01")
        self.page.locator("#mode-all").check()
        self.page.locator("#mapping button.primary").click()
        self.page.wait_for_url(re.compile(r"/import/\d+/$"))
        broken = self.page.get_by_role("region", name=self.label("Broken rows"))
        for row in (26, 27, 28):
            expect(broken).to_contain_text(str(row))
        members = self.label("View the members of this import")
        expect(self.page.get_by_role("link", name=members)).to_be_visible()

    def tag_members(self, tag: str) -> None:
        self.user.go(f"/members/?q={self.name}")
        boxes = self.page.locator("input[name=member]")
        expect(boxes).to_have_count(VALID_ROWS)
        for number in range(TAGGED_MEMBERS):
            boxes.nth(number).check()
        field = self.page.locator("#tagging-tag")
        field.press_sequentially(tag)
        offered = self.page.get_by_role("option", name=tag)
        expect(offered.first).to_be_visible()
        size = self.page.viewport_size
        by_keyboard = size is not None and size["width"] > 1000
        if by_keyboard:
            # One Enter picks the tag, the next one adds it.
            field.press("Enter")
            field.press("Enter")
        else:
            offered.first.click()
            self.click("Add tag")
        toast = self.page.locator("[data-toast]")
        expect(toast).to_contain_text(str(TAGGED_MEMBERS))
        expect(toast.get_by_role("button", name=self.label("Undo"))).to_be_visible()
        # In place: the rows show the tag, and the members stay chosen.
        expect(self.page.locator("[data-row]").first).to_contain_text(tag)
        expect(self.page.locator("input[name=member]:checked")).to_have_count(
            TAGGED_MEMBERS
        )
        if by_keyboard:
            expect(field).to_be_focused()

    def add_clause(self, kind: str, value: str, *, index: int = -1) -> None:
        """Add a clause at the end of the list of lines with this index."""
        adder = self.page.locator(".adder").nth(index)
        adder.locator("summary").click()
        adder.get_by_role("button", name=self.label(kind), exact=True).click()
        editor = self.page.locator("[data-editor]")
        editor.locator("[data-find]").first.fill(value)
        option = editor.locator(".offered label").filter(has_text=value)
        option.first.locator("input").check()
        editor.locator("[data-done]").click()
        expect(editor).to_have_count(0)

    def build_rule(self, tag: str) -> int:
        """Build "(the tag or VIP) and not 普通", and return the number of matches."""
        self.user.go("/members/segments/new/")
        self.add_clause("Tag", tag)
        line = self.page.locator("[data-line]").first
        line.locator(".line-menu summary").click()
        line.locator('[data-act="o"]').click()
        expect(self.page.locator(".adder")).to_have_count(2)
        self.add_clause("Tag", "VIP", index=0)
        self.add_clause("Tag", "普通")
        self.page.locator("[data-line]").last.locator('[data-act="n"]').click()
        negative = self.page.locator(".joiner.negative")
        expect(negative).to_be_visible()
        return int(self.page.locator("#total .value").inner_text().replace(",", ""))

    def explain(self, name: str) -> None:
        self.page.locator("#who").fill(name)
        self.page.locator("[data-find-who]").click()
        self.page.locator("#why .name-rows button").first.click()
        verdict = self.page.locator("#why .chip.bad")
        expect(verdict).to_contain_text(self.label("not included"))
        expect(self.page.locator(".is-not-met").first).to_be_visible()
        self.user.take_screenshot(f"walk-why-{self.language}")

    def save_segment(self, name: str) -> int:
        """Save the rule as a segment, and return its ID."""
        self.page.locator("#name").fill(name)
        self.page.locator("#save button.primary").click()
        self.page.wait_for_url(re.compile(r"/segments/(\d+)/"))
        return int(self.page.url.rstrip("/").rpartition("/")[2])

    def start_campaign(self, segment: int, size: int, staff: str) -> int:
        self.user.go(f"/outreach/new/?segment={segment}")
        self.page.locator("input[name=name]").fill(f"{self.name} A")
        self.page.locator("textarea[name=text]").fill("{name|friend} 你好 hello")
        self.page.get_by_label(staff, exact=True).check()
        expect(self.page.locator("#preview .bubble")).to_contain_text("hello")
        self.page.locator("form.campaign-form button.primary").click()
        self.page.wait_for_url(re.compile(r"/review/"))
        self.user.take_screenshot(f"walk-review-{self.language}")
        texts = self.page.locator(".funnel .num").all_inner_texts()
        numbers = [int(re.sub(r"\D", "", text)) for text in texts]
        assert numbers[0] == size
        assert numbers[-1] == size - sum(numbers[1:-1])
        button = self.page.locator("main button.primary")
        expect(button).to_contain_text(str(numbers[-1]))
        button.click()
        self.page.wait_for_url(re.compile(r"/outreach/\d+/$"))
        return numbers[-1]

    def open_task(self, size: int) -> Locator:
        """Open the first rows of the own task, and return them."""
        self.follow("Continue my task")
        self.page.locator("[data-next]").click()
        rows = self.page.locator("[data-row].open")
        expect(rows).to_have_count(min(size, 40))
        return rows

    def expect_result(self, sent: int) -> None:
        marked = self.page.locator("#result a[href$='state=marked']").first
        expect(marked).to_contain_text(re.compile(rf"^\s*{sent}\b"))


@pytest.fixture
def file(tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    def write(name: str) -> Path:
        path = tmp_path / f"{name}.csv"
        # Phones differ from those of the other test, or members would be merged.
        prefix = 1390000 + len(name)
        rows = [
            f"{name}{n:02},{name} {n:02},{prefix}{n:04},2026-11-01"
            for n in range(1, VALID_ROWS + 1)
        ]
        path.write_text(
            "\n".join(["key,name,phone,joined_at", *rows, *BROKEN_ROWS]) + "\n", "utf-8"
        )
        return path

    return write


def test_walkthrough_on_a_desktop_by_keyboard(visit: Any, file: Any) -> None:
    """Import, tag, build, explain, send, do two recipients by keyboard, result."""
    ann = visit("ann")
    walk = Walkthrough(ann, "en", "Walker")
    walk.import_file(file("Walker"))
    walk.tag_members("手冲咖啡")
    size = walk.build_rule("手冲咖啡")
    assert size >= TAGGED_MEMBERS
    walk.explain("Walker 01")
    segment = walk.save_segment("Walkers")
    size = walk.start_campaign(segment, size, "Ann Lee")
    rows = walk.open_task(size)
    count = rows.count()
    # The script of the page has seen the rows.
    expect(rows.first).to_have_attribute("aria-current", "true")
    ann.press("c")
    assert "hello" in ann.page.evaluate("navigator.clipboard.readText()")
    text = rows.first.locator("[data-copy]").first.get_attribute("data-copy")
    ann.press("Enter")  # copies and marks
    expect(rows).to_have_count(count - 1)
    assert ann.page.evaluate("navigator.clipboard.readText()") == text
    expect(rows.first).to_have_attribute("aria-current", "true")
    ann.press("t")
    expect(rows.first.locator("input[name=tag]")).to_be_focused()
    ann.page.keyboard.type("白茶")
    ann.press("Enter")
    expect(rows.first.locator("[data-chosen] .chip")).to_be_visible()
    ann.press("Enter")
    expect(rows.first.locator(".row-tags")).to_contain_text("白茶")
    ann.press("Escape", "Escape")
    expect(rows.first).to_be_focused()
    ann.press("Space")
    expect(rows).to_have_count(count - 2)
    ann.press("u")
    expect(rows).to_have_count(count - 1)
    ann.press("Space")
    expect(rows).to_have_count(count - 2)
    ann.go("/outreach/")
    ann.page.get_by_role("link", name="Walker A").click()
    walk.expect_result(2)


def test_walkthrough_on_a_phone_in_chinese(visit: Any, file: Any) -> None:
    """The same steps, by touch."""
    mei = visit("mei", phone=True)
    walk = Walkthrough(mei, "zh-hans", "步行者")
    walk.import_file(file("步行者"))
    walk.tag_members("手冲咖啡")
    size = walk.build_rule("手冲咖啡")
    walk.explain("步行者 01")
    segment = walk.save_segment("步行的人")
    assert not mei.overflows()
    size = walk.start_campaign(segment, size, "林美")
    rows = walk.open_task(size)
    count = rows.count()
    assert not mei.overflows()
    for done in (1, 2):
        walk.click("Mark as sent", rows.first)
        expect(rows).to_have_count(count - done)
    mei.go("/outreach/")
    mei.page.get_by_role("link", name="步行者 A").click()
    walk.expect_result(2)

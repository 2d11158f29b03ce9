"""The walk of an operator from their own file to a sent message, at a desk and on a
phone: K12 K7 K8 P10 X1, in English and in Chinese.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.utils.translation import gettext, ngettext, override
from playwright.sync_api import Locator, expect

from tests.functional.browser_user import Visitor

GOOD, TAGGED = 24, 20
BROKEN = (
    "w90,Bad phone,12,2026-11-02",
    "w91,Bad day,13900009991,2026-13-45",
    "w92,No day,,soon",
)


class Walk:
    """Clicks by the words that the visitor reads, in their language."""

    def __init__(self, visitor: Visitor, language: str, name: str) -> None:
        self.visitor, self.page, self.language = visitor, visitor.page, language
        self.name = name

    def word(self, text: str, context: str = "") -> str:
        with override(self.language):
            return gettext(text)

    def words(self, one: str, many: str, n: int, **given: Any) -> str:
        with override(self.language):
            return ngettext(one, many, n) % given

    def click(self, text: str, within: Locator | None = None) -> None:
        found = (within or self.page).get_by_role("button", name=self.word(text))
        found.first.click()

    def follow(self, text: str) -> None:
        self.page.get_by_role("link", name=self.word(text)).first.click()

    def number(self, one: str, many: str, n: int) -> re.Pattern[str]:
        """A sentence of `{{ shown }}` and a plural, as a pattern."""
        text = self.words(one, many, n).replace("\n", " ")
        return re.compile(re.escape(text).replace(r"%\(shown\)s", str(n)))

    # The steps.

    def imports(self, path: Path) -> None:
        self.visitor.go("/members/import/new/")
        self.page.locator("input[type=file]").set_input_files(path)
        self.click("Upload and preview")
        self.page.wait_for_url(re.compile(r"/import/files/\d+/"))
        expect(self.page.locator("main")).to_contain_text(f"{self.name} 01")
        self.page.locator("#mode-all").check()
        self.page.locator("#look button.primary").click()
        self.page.wait_for_url(re.compile(r"/import/\d+/$"))
        refused = self.page.get_by_role("alert")
        expect(refused).to_contain_text("3")
        for row in (26, 27, 28):
            expect(self.page.locator("main")).to_contain_text(str(row))
        self.page.locator("main button.primary").click()
        expect(self.page.locator(".notice.good")).to_be_visible()

    def tags_twenty(self, tag: str) -> None:
        self.visitor.go(f"/members/?q={self.name}")
        boxes = self.page.locator("input[name=member]")
        expect(boxes).to_have_count(GOOD)
        for number in range(TAGGED):
            boxes.nth(number).check()
        self.page.locator("#batch-tag").fill(tag)
        self.click("Add tag")
        toast = self.page.locator("[data-toast]")
        expect(toast).to_contain_text(str(TAGGED))
        expect(toast.get_by_role("button", name=self.word("Undo"))).to_be_visible()

    def adds(self, kind: str, asked: str, *, where: int = -1) -> None:
        """A clause of tags, at the end of the `where`-th list of lines."""
        adder = self.page.locator(".adder").nth(where)
        adder.locator("summary").click()
        adder.get_by_role("button", name=self.word(kind), exact=True).click()
        editor = self.page.locator("[data-editor]")
        editor.locator("[data-find]").first.fill(asked)
        offered = editor.locator(".offered label").filter(has_text=asked)
        offered.first.locator("input").check()
        editor.locator("[data-done]").click()
        expect(editor).to_have_count(0)

    def builds(self, tag: str) -> int:
        """(the tag or VIP) and not 普通, kept as a segment; its number."""
        self.visitor.go("/members/segments/new/")
        self.adds("Tag", tag)
        line = self.page.locator("[data-line]").first
        line.locator(".line-menu summary").click()
        line.locator('[data-act="o"]').click()
        expect(self.page.locator(".adder")).to_have_count(2)
        self.adds("Tag", "VIP", where=0)
        self.adds("Tag", "普通")
        self.page.locator("[data-line]").last.locator('[data-act="n"]').click()
        negative = self.page.locator(".joiner.negative")
        expect(negative).to_be_visible()
        return int(self.page.locator("#total .value").inner_text().replace(",", ""))

    def asks_why(self, name: str) -> None:
        self.page.locator("#who").fill(name)
        self.page.locator("[data-find-who]").click()
        self.page.locator("#why .name-rows button").first.click()
        verdict = self.page.locator("#why .chip.bad")
        expect(verdict).to_contain_text(self.word("not included"))
        expect(self.page.locator(".is-not-met").first).to_be_visible()
        self.visitor.photograph(f"walk-why-{self.language}")

    def keeps(self, name: str) -> int:
        self.page.locator("#name").fill(name)
        self.page.locator("#save button.primary").click()
        self.page.wait_for_url(re.compile(r"/segments/(\d+)/"))
        return int(self.page.url.rstrip("/").rpartition("/")[2])

    def sends(self, segment: int, size: int, staff: str) -> int:
        self.visitor.go(f"/outreach/new/?segment={segment}")
        self.page.locator("input[name=name]").fill(f"{self.name} A")
        self.page.locator("textarea[name=text]").fill("{name|friend} 你好 hello")
        self.page.get_by_label(staff, exact=True).check()
        expect(self.page.locator("#preview .bubble")).to_contain_text("hello")
        self.page.locator("form.campaign-form button.primary").click()
        self.page.wait_for_url(re.compile(r"/review/"))
        self.visitor.photograph(f"walk-review-{self.language}")
        steps = self.page.locator(".funnel .num").all_inner_texts()
        numbers = [int(re.sub(r"\D", "", step)) for step in steps]
        assert numbers[0] == size
        assert numbers[-1] == size - sum(numbers[1:-1])
        button = self.page.locator("main button.primary")
        expect(button).to_contain_text(str(numbers[-1]))
        button.click()
        self.page.wait_for_url(re.compile(r"/outreach/\d+/$"))
        return numbers[-1]

    def opens_the_task(self, size: int) -> Locator:
        """Rows are opened a page at a time, each when somebody is about to send it."""
        self.follow("Continue my task")
        self.page.locator("[data-next]").click()
        rows = self.page.locator("[data-row].open")
        expect(rows).to_have_count(min(size, 40))
        return rows

    def result_is(self, sent: int) -> None:
        marked = self.page.locator("#result a[href$='state=marked']").first
        expect(marked).to_contain_text(re.compile(rf"^\s*{sent}\b"))


@pytest.fixture
def file(tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    def write(name: str) -> Path:
        path = tmp_path / f"{name}.csv"
        # Nobody shares a phone with the other walk's people: they would be one person.
        area = 1390000 + len(name)
        rows = [
            f"{name}{n:02},{name} {n:02},{area}{n:04},2026-11-01"
            for n in range(1, GOOD + 1)
        ]
        path.write_text(
            "\n".join(["key,name,phone,joined_at", *rows, *BROKEN]) + "\n", "utf-8"
        )
        return path

    return write


def test_walkthrough_on_a_desktop_by_keyboard(visit: Any, file: Any) -> None:
    """Import, tag, build, why, send, two tasks by keyboard, result."""
    ann = visit("ann")
    walk = Walk(ann, "en", "Walker")
    walk.imports(file("Walker"))
    walk.tags_twenty("手冲咖啡")
    size = walk.builds("手冲咖啡")
    assert size >= TAGGED
    walk.asks_why("Walker 01")
    segment = walk.keeps("Walkers")
    size = walk.sends(segment, size, "Ann Lee")
    rows = walk.opens_the_task(size)
    here = rows.count()
    ann.press("c")
    assert "hello" in ann.page.evaluate("navigator.clipboard.readText()")
    for done in (1, 2):
        ann.press("Space")
        expect(rows).to_have_count(here - done)
    ann.press("u")
    expect(rows).to_have_count(here - 1)
    ann.press("Space")
    expect(rows).to_have_count(here - 2)
    ann.go("/outreach/")
    ann.page.get_by_role("link", name="Walker A").click()
    walk.result_is(2)


def test_walkthrough_on_a_phone_in_chinese(visit: Any, file: Any) -> None:
    """The same with a thumb."""
    mei = visit("mei", phone=True)
    walk = Walk(mei, "zh-hans", "步行者")
    walk.imports(file("步行者"))
    walk.tags_twenty("手冲咖啡")
    size = walk.builds("手冲咖啡")
    walk.asks_why("步行者 01")
    segment = walk.keeps("步行的人")
    assert not mei.overflows()
    size = walk.sends(segment, size, "林美")
    rows = walk.opens_the_task(size)
    here = rows.count()
    assert not mei.overflows()
    for done in (1, 2):
        walk.click("Mark as sent", rows.first)
        expect(rows).to_have_count(here - done)
    mei.go("/outreach/")
    mei.page.get_by_role("link", name="步行者 A").click()
    walk.result_is(2)

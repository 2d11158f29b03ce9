"""An evening: a block of 40 × 4 from a spreadsheet, a leave that was forgotten, saved."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests import browser
from tests.functional import test_guide
from tests.functional.evening_groups import COUNT

SHORT = 17
"""The group that lacks three people."""


def spreadsheet() -> str:
    """The members, joins, leaves and speakers of all groups, as a spreadsheet copies."""
    lines = []
    for number in range(1, COUNT + 1):
        members = 100 + number + 5 - 2 - 3 * (number == SHORT)
        lines.append(f"{members:,}\t5\t２\t{number}")
    return "\r\n".join(lines) + "\r\n"


def paste(page: Page, text: str) -> None:
    """Put a text on the clipboard and paste it into the cell that has the focus."""
    page.evaluate("text => navigator.clipboard.writeText(text)", text)
    page.keyboard.press("Control+v")


def test_evening_is_pasted_checked_and_saved(visit: Any) -> None:
    yan = visit("yan")
    page = yan.page
    yan.go("/insight/typed-numbers/")
    rows = page.locator(".number-grid tbody tr")
    expect(rows).to_have_count(COUNT)
    first = rows.first.locator("input")
    first.first.focus()
    paste(page, spreadsheet())
    expect(page.locator("#paste-note")).to_have_text("已粘贴 160 格。")
    warning = rows.nth(SHORT - 1).locator(".verdict")
    expect(warning).to_have_text("差 3 人：漏记了退群？")
    expect(page.locator(".verdict .warn-text")).to_have_count(1)
    yan.press("Enter", "ArrowRight")
    expect(rows.nth(1).locator("input").nth(1)).to_be_focused()
    page.keyboard.type("x")
    expect(rows.nth(1).locator("input").nth(1)).to_have_attribute(
        "aria-invalid", "true"
    )
    page.keyboard.press("Backspace")
    page.keyboard.type("5")
    expect(page.locator("[aria-invalid]")).to_have_count(0)
    assert not yan.overflows()
    assert not yan.accessibility_faults()
    yan.take_screenshot("typed-numbers-1440")
    photograph(yan, "zh")
    page.locator(".grid-save .primary").click()
    expect(page.locator("#toasts")).to_contain_text("已保存 160 个数字。")
    yan.sees("已填 40 / 40 个群")
    expect(warning).to_contain_text("差 3 人：漏记了退群？")
    rows.nth(SHORT - 1).locator("th a").click()
    typed = page.locator("section", has=page.locator("#typed"))
    expect(typed).to_contain_text("填报")
    expect(typed).to_contain_text("差 3 人：漏记了退群？")
    assert not yan.accessibility_faults()
    on_a_phone(visit)


def on_a_phone(visit: Any) -> None:
    """Eli corrects the leaves; a block that begins with names finds its lines."""
    eli = visit("eli", phone=True)
    eli.go("/insight/typed-numbers/")
    rows = eli.page.locator(".number-grid tbody tr")
    verdict = rows.nth(SHORT - 1).locator(".verdict")
    expect(verdict).to_have_text("3 people short: a leave forgotten?")
    rows.nth(SHORT - 1).locator("input").nth(2).fill("5")
    expect(verdict).to_have_text("")
    rows.first.locator("input").first.focus()
    paste(eli.page, "群\tmembers\n花友群 40\t200\n花友群 99\t7")
    expect(rows.last.locator("input").first).to_have_value("200")
    expect(eli.page.locator("#paste-note")).to_have_text(
        "Pasted: 1 cells. Not found: 花友群 99."
    )
    eli.button("Undo pasting").click()
    expect(rows.last.locator("input").first).to_have_value("143")
    assert not eli.overflows()
    assert not eli.accessibility_faults()
    eli.take_screenshot("typed-numbers-390")
    if browser.PICTURES:
        rows.nth(SHORT - 1).locator("input").nth(2).fill("2")
        expect(verdict).to_have_text("3 people short: a leave forgotten?")
        photograph(eli, "en")
    eli.page.locator(".grid-save .primary").click()
    expect(eli.page.locator("#toasts [data-toast]")).to_be_visible()


def photograph(user: Any, language: str) -> None:
    """Take the picture of the guide, of the lines around the warning."""
    if not browser.PICTURES:
        return
    user.page.set_viewport_size(test_guide.DESKTOP)
    warning = user.page.locator(".verdict .warn-text")
    warning.evaluate("node => node.scrollIntoView({block: 'center'})")
    test_guide.take_picture(user, language, "typed_numbers")
    user.page.set_viewport_size({"width": 1440, "height": 900})

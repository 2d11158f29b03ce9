"""K12: the wizard, walked with five messy files; each question and answer is on the page."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import xlsxwriter
from playwright.sync_api import Locator, expect

from tests.functional.browser_user import BrowserUser

Visit = Callable[..., BrowserUser]


class Wizard:
    def __init__(self, user: BrowserUser) -> None:
        self.user, self.page = user, user.page

    def upload(self, path: Path) -> None:
        self.user.go("/members/import/new/")
        self.page.locator("input[type=file]").set_input_files(path)
        self.page.locator("main button.primary").click()
        self.page.wait_for_url(re.compile(r"/import/files/\d+/"))

    def question(self, key: str) -> Locator:
        return self.page.locator(f'[data-question="{key}"]')

    def reading(self, key: str, label: str) -> Locator:
        named = self.page.get_by_text(label, exact=True)
        return self.question(key).locator(".reading", has=named)

    def answer(self, key: str, label: str) -> None:
        """Choose a reading, and see that the page says it is answered."""
        with self.page.expect_response(re.compile(r"/import/files/\d+/")):
            self.reading(key, label).click()
        expect(self.reading(key, label).locator("input")).to_be_checked()
        expect(self.question(key)).to_contain_text("Answered")

    def choose(self, key: str, label: str) -> None:
        """Choose a reading of a list."""
        with self.page.expect_response(re.compile(r"/import/files/\d+/")):
            self.question(key).locator("select").select_option(label=label)
        expect(self.question(key)).to_contain_text("Answered")

    def start(self) -> None:
        self.page.locator(".import-go button.primary").click()
        self.page.wait_for_url(re.compile(r"/import/\d+/$"))
        expect(self.page.locator("#job .chip.good").first).to_be_visible()

    def picture(self, name: str) -> None:
        assert self.user.accessibility_faults() == []
        assert not self.user.overflows()
        self.user.take_screenshot(f"import-{name}")
        # axe and pictures leave inline styles behind, which a swap would apply again.
        self.page.reload()

    def type_of(self, heading: str) -> Locator:
        row = self.page.locator(".import-columns tr", has_text=heading)
        return row.locator("select").nth(1)

    def sees_sum(self, **counts: int) -> None:
        """See the row counts of the report, which add up to those read."""
        shown = self.page.locator(".import-sum").first
        expect(shown).to_be_visible()
        numbers = [int(text) for text in shown.locator("dd").all_inner_texts()]
        assert numbers[0] == sum(numbers[1:]) == counts["read"]
        labels = shown.locator("dt").all_inner_texts()
        for name, count in counts.items():
            index = next(i for i, label in enumerate(labels) if name in label.lower())
            assert numbers[index] == count, (labels, numbers)

    def undo(self, rows: int) -> None:
        self.page.get_by_text("Undo this import").click()
        self.page.get_by_role("button", name=f"Undo the import of {rows} rows").click()
        expect(self.page.locator("#job .chip").first).to_have_text("undone")


def write_members(folder: Path, since: str = "入会日期") -> Path:
    """GB18030, semicolons, lists with 、, and dates that fit two orders."""
    rows = [
        f"手机号;姓名;标签;邮编;{since}",
        "13800139001;王小红;老客、爱喝茶;010010;3/5/2026",
        "13800139002;李小明;爱喝茶;030001;4/6/2026",
        "13800139003;张三;新客、问过价;100020;5/7/2026",
    ]
    path = folder / "老会员.csv"
    path.write_bytes("\r\n".join(rows).encode("gb18030"))
    return path


def test_old_member_list_in_a_chinese_encoding(visit: Visit, tmp_path: Path) -> None:
    wizard = Wizard(visit("ann"))
    wizard.upload(write_members(tmp_path))
    for text in ("GB18030", "semicolons", "4 tags are new", "1 open"):
        wizard.user.sees(text)
    # Post codes begin with a zero, and nobody counts with them.
    expect(wizard.type_of("邮编")).to_have_value("text")
    expect(wizard.question("separator:标签")).to_contain_text("老客 · 爱喝茶")
    expect(wizard.reading("dates:入会日期", "day/month")).to_contain_text("2026-05-03")
    expect(wizard.reading("dates:入会日期", "month/day")).to_contain_text("2026-03-05")
    wizard.picture("members-questions")
    wizard.page.get_by_role("link", name="Answer 1 question first").click()
    wizard.answer("dates:入会日期", "day/month")
    wizard.user.sees("all answered")
    wizard.user.sees("2026-05-03")
    wizard.user.sees("All rows are valid.")
    wizard.start()
    wizard.sees_sum(read=3, new=3)
    wizard.picture("members-report")
    wizard.undo(3)
    wizard.user.sees("This import was undone.")
    wizard.user.sees("members removed")
    wizard.picture("members-undone")
    # The next file of the source is read as this one was.
    wizard.upload(write_members(tmp_path))
    expect(
        wizard.reading("dates:入会日期", "day/month").locator("input")
    ).to_be_checked()


def write_orders(folder: Path) -> Path:
    """A workbook with a title above the headings and a total below the rows."""
    path = folder / "五月订单.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("订单")
        sheet.write(0, 0, "五月订单汇总")
        sheet.write_row(2, 0, ["订单号", "手机号", "付款时间", "实付金额"])
        sheet.write_row(3, 0, ["W-1", "13800139001", "2026-05-03 10:00", 128])
        sheet.write_row(4, 0, ["W-2", "13800139002", "2026-05-04 11:30", 59.5])
        sheet.write_row(5, 0, ["合计", "", "", 187.5])
        book.add_worksheet("说明").write(0, 0, "由系统导出")
    return path


def test_workbook_with_a_title_and_totals(visit: Visit, tmp_path: Path) -> None:
    wizard = Wizard(visit("ann"))
    wizard.upload(write_orders(tmp_path))
    for text in ("Excel", "headings end in row 3", "合计", "members of this file"):
        wizard.user.sees(text)
    expect(wizard.question("unknown_members")).to_contain_text("create them")
    wizard.picture("orders-workbook")
    wizard.answer("unknown_members", "import their orders without a member")
    wizard.start()
    wizard.sees_sum(read=2, new=2)
    for text in ("187.50", "CNY"):
        wizard.user.sees(text)
    wizard.picture("orders-report")


def write_currencies(folder: Path) -> Path:
    path = folder / "orders.csv"
    path.write_text(
        "order_id,email,paid_at,total\n"
        "C-1,lin@example.com,2026-05-03 10:00,US$25.00\n"
        "C-2,wu@example.com,2026-05-04 10:00,¥128.00\n"
        "C-3,lin@example.com,2026-05-05 10:00,US$10.50\n",
        encoding="utf-8",
    )
    return path


def test_orders_in_two_currencies(visit: Visit, tmp_path: Path) -> None:
    wizard = Wizard(visit("ann"))
    wizard.upload(write_currencies(tmp_path))
    wizard.user.sees("US$25.00")
    # As it is imported, with its sign.
    wizard.user.sees("US$ 25")
    wizard.picture("orders-currencies")
    wizard.start()
    wizard.sees_sum(read=3, new=3)
    money = wizard.page.locator("#job table").first
    expect(money.locator("tr", has_text="USD")).to_contain_text("35.50")
    expect(money.locator("tr", has_text="CNY")).to_contain_text("128.00")
    wizard.picture("orders-currencies-report")


def write_hotline(folder: Path) -> Path:
    rows = [f"h{n},Guest {n},4008001234" for n in range(1, 8)]
    path = folder / "guests.csv"
    path.write_text("key,name,phone\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_shared_hotline_joins_nobody(visit: Visit, tmp_path: Path) -> None:
    wizard = Wizard(visit("ann"))
    wizard.upload(write_hotline(tmp_path))
    wizard.start()
    wizard.sees_sum(read=7, new=7)
    wizard.user.sees("is shared by 7 accounts and merges nobody")
    wizard.picture("members-hotline-report")


def write_statuses(folder: Path) -> Path:
    path = folder / "有赞.csv"
    path.write_text(
        "订单号,订单状态,买家手机号,买家付款时间,订单实付金额,已退款金额\n"
        "Y-1,交易完成,13800139001,2026-05-03 10:00,118.00,0\n"
        "Y-2,交易关闭,13800139002,,59.00,0\n"
        "Y-3,待自提,13800139003,2026-05-05 10:00,40.00,0\n",
        encoding="utf-8",
    )
    return path


def test_export_with_statuses_on_a_phone_in_the_dark(
    visit: Visit, tmp_path: Path
) -> None:
    wizard = Wizard(visit("ann", phone=True, color_scheme="dark"))
    wizard.upload(write_statuses(tmp_path))
    wizard.user.sees("Read as a Youzan order export")
    expect(wizard.question("status:交易关闭")).to_contain_text("cancelled, no sale")
    wizard.picture("orders-statuses")
    wizard.choose("status:待自提", "not paid, no sale")
    wizard.start()
    wizard.sees_sum(read=3, new=1)
    wizard.user.sees("118.00")
    wizard.picture("orders-statuses-report")

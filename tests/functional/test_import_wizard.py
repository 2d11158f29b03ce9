"""K12: the wizard, walked with five messy files; each question and answer is on the page."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
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
        return self.question(key).locator(".reading", has_text=label)

    def answer(self, key: str, label: str) -> None:
        """Choose a reading, and see that the page says it is answered."""
        with self.page.expect_response(re.compile(r"/import/files/\d+/")):
            self.reading(key, label).click()
        expect(self.reading(key, label).locator("input")).to_be_checked()
        expect(self.question(key)).to_contain_text("Answered")

    def start(self) -> None:
        self.page.get_by_role("button", name=re.compile("^Import about")).click()
        self.page.wait_for_url(re.compile(r"/import/\d+/$"))
        expect(self.page.locator("#job .chip").first).to_have_text("done")

    def picture(self, name: str) -> None:
        assert self.user.accessibility_faults() == []
        assert not self.user.overflows()
        self.user.take_screenshot(f"import-{name}")


def write_members(folder: Path) -> Path:
    """GB18030, semicolons, lists with 、, and dates that fit two orders."""
    rows = [
        "手机号;姓名;标签;邮编;入会日期",
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
    wizard.user.sees("GB18030")
    wizard.user.sees("semicolons")
    wizard.picture("members-questions")


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
    wizard.user.sees("Excel")
    wizard.picture("orders-workbook")


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
    wizard.picture("orders-currencies")


def write_hotline(folder: Path) -> Path:
    rows = [f"h{n},Guest {n},4008001234" for n in range(1, 8)]
    path = folder / "guests.csv"
    path.write_text("key,name,phone\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_shared_hotline_joins_nobody(visit: Visit, tmp_path: Path) -> None:
    wizard = Wizard(visit("ann"))
    wizard.upload(write_hotline(tmp_path))
    wizard.picture("members-hotline")


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


def test_export_with_statuses(visit: Visit, tmp_path: Path) -> None:
    wizard = Wizard(visit("ann"))
    wizard.upload(write_statuses(tmp_path))
    wizard.user.sees("Read as a Youzan order export")
    wizard.picture("orders-statuses")

from __future__ import annotations

import pytest

from tests.cases.terminal import Terminal

pytestmark = pytest.mark.django_db(transaction=True)

ENCODINGS = {"big5": "big5", "cp1252": "cp1252", "sjis": "shift_jis"}


def test_37_foreign_encodings_as_gb18030(shop: Terminal) -> None:
    for name, encoding in ENCODINGS.items():
        result = shop.import_file(f"{name}.csv", "members")
        if result.code:
            # Texts this short leave a doubt, and nobody is asked behind --json.
            assert "--encoding" in result.errors
            shop.imports(f"{name}.csv", "members", "--encoding", encoding)
    assert shop.names() == {
        "b1": "陳大文",
        "b2": "林小美",
        "b3": "許功蓋",
        "c1": "Jürgen Müller",
        "c2": "García",
        "s1": "田中花子",
    }


def test_39_hidden_first_sheet(shop: Terminal) -> None:
    shop.imports("members.xlsx", "members")
    assert shop.names() == {"M1": "小林", "M2": "小陈", "M3": "小赵"}


def test_40_other_sheets_are_not_mentioned(shop: Terminal) -> None:
    first = shop.import_file("orders.xlsx", "orders")
    for text in ("1月", "2月", "3月", "--sheet"):
        assert text in first.errors
    for sheet in ("1月", "2月", "3月"):
        shop.imports("orders.xlsx", "orders", "--sheet", sheet)
    assert shop.amounts() == {
        "A1": ("100.00", "0.00"),
        "A2": ("200.00", "0.00"),
        "A3": ("300.00", "0.00"),
    }


def test_41_totals_and_second_heading_rows(shop: Terminal) -> None:
    result = shop.import_file("members.csv", "members")
    assert result.code == 0, result.errors
    assert shop.names() == {"M1": "小林", "M2": "小陈"}
    assert "合计" in result.errors


def test_56_odd_but_sound_csv(shop: Terminal) -> None:
    for name in ("blank", "cr", "crlf", "pipe", "utf16"):
        shop.imports(f"{name}.csv", "members")
    assert shop.names() == {
        "a1": "Ann",
        "a2": "Bob",
        "b1": "Ann",
        "b2": "Bob",
        "c1": "Ann",
        "c2": '6" tall',
        "d1": "Ann, Lee",
        "d2": "Bob",
        "e1": "小林",
        "e2": "小陈",
    }
    assert shop.attribute("c1", "remark").split() == ["line", "one", "line", "two"]
    assert shop.tagged("vip") == ["e1"]


def test_60_not_a_table_yet(shop: Terminal) -> None:
    shop.imports("title.xlsx", "members")
    assert shop.names() == {"M1": "小林", "M2": "小陈"}
    shop.imports("sep.csv", "members")
    assert shop.names() == {"M1": "小林", "M2": "小陈", "a1": "Ann"}
    # The page that a shop calls a workbook has M1 alone.
    report = shop.imports("export.xls", "members")
    assert (report["rows"], report["known"]) == (1, 1)
    # Surplus separators with nothing behind them lose nothing.
    assert shop.imports("ragged.csv", "members")["rows"] == 2
    assert shop.names()["a2"] == "Bob"
    # The cells of an order that was merged over its lines belong to each of them.
    shop.imports("merged.xlsx", "orders")
    assert shop.amounts() == {"A1": ("80.00", "0.00"), "A2": ("88.00", "0.00")}
    assert [each["name"] for each in shop.items("A1")] == ["乌龙", "茶杯"]


def test_61_wechat_work_export(shop: Terminal) -> None:
    shop.imports("customers.csv", "members")
    (member,) = shop.members().values()
    assert member["name"] == "小林"
    assert [each["value"] for each in member["identifiers"]] == ["13800138001"]
    assert {each["value"] for each in member["attributes"].values()} >= {
        "老客",
        "林姐",
    }
    assert [*member["tags"]] == ["重要客户"]
    assert member["joined_at"].startswith("2024-03-05T15:05:33")

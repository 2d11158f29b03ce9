"""Encodings, tables and sheets of the same kinds as the 46 cases."""

from __future__ import annotations

import json

import pytest

from tests.cases.readings import ASKED, REFUSED, check, orders_of
from tests.cases.terminal import Rows, Terminal

pytestmark = pytest.mark.django_db(transaction=True)

# Containers

PEOPLE = "key,name,city\nk1,{0},{1}\nk2,{2},{3}\n"
ENCODED = {
    "utf-8-sig": ("小林", "兰州", "小陈", "西安"),
    "utf-16": ("小林", "兰州", "小陈", "西安"),
    "utf-16-le": ("小林", "兰州", "小陈", "西安"),
    "gb18030": ("林小美", "兰州", "陈大文", "西安"),
    "big5": ("陳大文", "臺北", "林小美", "高雄"),
    "shift_jis": ("田中花子", "東京", "鈴木さくら", "大阪"),
    "cp1252": ("Jürgen Müller", "Köln", "García", "Málaga"),
    "euc_kr": ("김철수", "서울", "이영희", "부산"),
}


@pytest.mark.parametrize(("encoding", "texts"), ENCODED.items())
def test_encoding_is_found_or_asked(
    terminal: Terminal, encoding: str, texts: tuple[str, ...]
) -> None:
    file = terminal.write("m.csv", PEOPLE.format(*texts), encoding)

    def names() -> list[str]:
        return [*terminal.names().values()]

    check(terminal, file, "members", names, [texts[0], texts[2]], ASKED)


@pytest.mark.parametrize("encoding", ["big5", "shift_jis", "cp1252", "gb18030"])
def test_encoding_is_chosen(terminal: Terminal, encoding: str) -> None:
    texts = ENCODED[encoding]
    file = terminal.write("m.csv", PEOPLE.format(*texts), encoding)
    terminal.imports(file, "members", "--encoding", encoding)
    assert [*terminal.names().values()] == [texts[0], texts[2]]


def test_damaged_utf8_is_not_taken_for_another_encoding(terminal: Terminal) -> None:
    text = PEOPLE.format("小林", "兰州", "小陈", "西安").encode()
    (terminal.folder / "m.csv").write_bytes(
        text.replace("陈".encode(), "陈".encode()[:2])
    )
    terminal.refuses("m.csv", "members", naming=("UTF-8",))


MEMBERS = ["会员号", "昵称", "城市"]
LIN, CHEN = ["M1", "小林", "兰州"], ["M2", "小陈", "西安"]
SHAPES: dict[str, Rows] = {
    "title row": [["2024年会员名单", "", ""], MEMBERS, LIN, CHEN],
    "title and date": [
        ["会员名单", "", ""],
        ["导出时间：2024-03-05", "", ""],
        MEMBERS,
        LIN,
        CHEN,
    ],
    "blank row first": [["", "", ""], MEMBERS, LIN, CHEN],
    "headings again": [MEMBERS, LIN, MEMBERS, CHEN],
    "total behind": [MEMBERS, LIN, CHEN, ["总计", "", "2人"]],
    "total in English": [MEMBERS, LIN, CHEN, ["Total", "", "2"]],
    "total in the second column": [MEMBERS, LIN, CHEN, ["", "合计", "2"]],
    "blank rows behind": [MEMBERS, LIN, CHEN, ["", "", ""], ["", "", ""]],
    "blank column": [["", *MEMBERS], ["", *LIN], ["", *CHEN]],
}


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
@pytest.mark.parametrize("rows", SHAPES.values(), ids=[*SHAPES])
def test_rows_around_the_table_are_nobody(
    terminal: Terminal, rows: Rows, suffix: str
) -> None:
    if suffix == "csv":
        file = terminal.write_table("m.csv", rows)
    else:
        file = terminal.write_workbook("m.xlsx", m=rows)
    terminal.imports(file, "members")
    assert terminal.names() == {"M1": "小林", "M2": "小陈"}


@pytest.mark.parametrize("word", ["合计", "总计", "Total", "Grand Total", "本页小计"])
def test_total_of_orders_is_no_order(terminal: Terminal, word: str) -> None:
    rows = [*orders_of(["100", "50"]), [word, "", "", "150"]]
    terminal.imports(terminal.write_table("o.csv", rows), "orders")
    assert terminal.status()["sales"] == "150.00"
    assert [*terminal.orders()] == ["X0", "X1"] or sorted(terminal.orders()) == [
        "X0",
        "X1",
    ]


def test_footer_is_nobody(terminal: Terminal) -> None:
    rows = [MEMBERS, LIN, CHEN, ["制表人：王", "", ""]]
    file = terminal.write_table("m.csv", rows)
    check(terminal, file, "members", lambda: [*terminal.names()], ["M1", "M2"], REFUSED)


def test_unclosed_quote_is_refused_with_its_line(terminal: Terminal) -> None:
    text = 'key,name,city\na1,"Ann,X\na2,Bob,Y\na3,Cyd,Z\n'
    terminal.refuses(terminal.write("m.csv", text), "members", naming=("2",))


def test_row_with_a_field_too_many_is_refused(terminal: Terminal) -> None:
    text = "key,name,city\na1,Ann,X\na2,Bob,Y,Z\n"
    terminal.refuses(terminal.write("m.csv", text), "members", naming=("row 3",))


def test_second_column_of_one_heading_is_named_as_such(terminal: Terminal) -> None:
    text = "会员号,手机号,手机号\nM1,13800138001,13900139001\n"
    result = terminal.import_file(terminal.write("m.csv", text), "members")
    assert "手机号 (2)" in result.errors
    assert terminal.phones() in (set(), {"13800138001"})


def test_file_without_headings_is_refused(terminal: Terminal) -> None:
    text = "M1,小林,13800138001\nM2,小陈,13800138002\n"
    terminal.refuses(terminal.write("m.csv", text), "members", naming=("M1",))


CONTAINERS = {
    "workbook named csv": ("m.csv", b"PK\x03\x04 rest of it"),
    "zip": ("m.csv", b"PK\x05\x06" + bytes(18)),
    "web page": ("m.xls", b"<html><p>Please sign in again.</p></html>"),
    "XML of Excel 2003": ("m.xls", b'<?xml version="1.0"?><Workbook></Workbook>'),
    "picture": ("m.csv", b"\x89PNG\r\n\x1a\n" + bytes(40)),
    "PDF": ("m.csv", b"%PDF-1.7\n%\xe2\xe3\n1 0 obj"),
    "empty": ("m.csv", b""),
    "blank": ("m.csv", b"\n\n\n"),
}


@pytest.mark.parametrize(("name", "content"), CONTAINERS.values(), ids=[*CONTAINERS])
def test_what_is_no_table_is_named(
    terminal: Terminal, name: str, content: bytes
) -> None:
    (terminal.folder / name).write_bytes(content)
    told = terminal.refuses(name, "members", naming=("error",))
    # Nobody can map a column of a picture.
    assert "mapped" not in told


def test_hidden_sheet_is_read_if_it_is_named(terminal: Terminal) -> None:
    file = terminal.write_workbook("m.xlsx", hidden=[MEMBERS, LIN], m=[MEMBERS, CHEN])
    terminal.imports(file, "members")
    assert [*terminal.names()] == ["M2"]
    terminal.imports(file, "members", "--sheet", "hidden")
    assert [*terminal.names()] == ["M1", "M2"]


def test_empty_sheets_are_not_asked_about(terminal: Terminal) -> None:
    file = terminal.write_workbook("m.xlsx", m=[MEMBERS, LIN], Sheet2=[], Sheet3=[])
    result = terminal.import_file(file, "members")
    assert result.code == 0, result.errors
    assert "Sheet2" not in result.errors


def test_text_of_json_that_may_be_a_thousand_is_asked_about(terminal: Terminal) -> None:
    order = {"订单号": "A1", "付款时间": "2026-03-05 09:00:00", "币种": "EUR"}
    text = json.dumps(order | {"实付金额": "1.000"}, ensure_ascii=False)
    file = terminal.write("o.ndjson", text)
    terminal.refuses(file, "orders", naming=("实付金额", "decimal"))
    number = json.dumps(order | {"实付金额": 1.25}, ensure_ascii=False)
    terminal.imports(terminal.write("o.ndjson", number), "orders")

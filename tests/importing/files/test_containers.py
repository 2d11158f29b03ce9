"""Tables in files that are not what their name says, or not only a table."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from qunce.importing.files import inspection, sources

PAGE = """<html><body><h1>Export</h1><table>
<tr><th>订单号</th><th>商品</th><th>小计</th></tr>
<tr><td rowspan="2">A1</td><td>乌龙</td><td>50</td></tr>
<tr><td>茶杯</td><td>30</td></tr>
<tr><td>A2</td><td>白&amp;茶<br>250 g</td><td></td></tr>
</table></body></html>"""


def rows(source: sources.Source) -> list[tuple[str | None, ...]]:
    cells: list[tuple[str | None, ...]] = []
    for batch in sources.read_batches(source):
        columns = [column.to_pylist() for column in batch.columns]
        cells += list(zip(*columns, strict=True))
    return cells


def workbook(path: Path, sheets: dict[str, list[list[Any]]], hidden: str = "") -> Path:
    with xlsxwriter.Workbook(path) as book:
        for name, table in sheets.items():
            sheet = book.add_worksheet(name)
            for index, row in enumerate(table):
                sheet.write_row(index, 0, row)
            if name == hidden:
                sheet.hide()
            else:
                sheet.set_first_sheet()
        book.get_worksheet_by_name(next(n for n in sheets if n != hidden)).activate()
    return path


def test_table_of_a_page_is_read_under_the_name_of_a_spreadsheet(
    tmp_path: Path,
) -> None:
    path = tmp_path / "export.xls"
    path.write_text(PAGE)
    source = sources.inspect(path)
    assert (source.format, source.headings) == ("html", ["订单号", "商品", "小计"])
    assert rows(source) == [
        ("A1", "乌龙", "50"),
        ("A1", "茶杯", "30"),
        ("A2", "白&茶\n250 g", None),
    ]
    assert any(".xls" in note for note in source.notes)


def test_only_file_of_an_archive_is_read_and_several_are_refused(
    tmp_path: Path,
) -> None:
    path = tmp_path / "members.csv"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("list/members.csv", "key,name\na,Ann\n")
    assert rows(sources.inspect(path)) == [("a", "Ann")]
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("more.csv", "key,name\nb,Bob\n")
    with pytest.raises(Exception, match="ZIP archive of 2 files"):
        sources.inspect(path)


def test_spreadsheet_is_read_under_the_name_of_a_text(tmp_path: Path) -> None:
    path = workbook(tmp_path / "m.xlsx", {"m": [["key", "n"], ["a", 1]]})
    renamed = path.rename(tmp_path / "m.csv")
    source = sources.inspect(renamed)
    assert (source.format, rows(source)) == ("xlsx", [("a", "1")])


def test_all_sheets_are_read_by_their_headings(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "year.xlsx",
        {
            "old": [["key", "n"], ["x", 9]],
            "1月": [["key", "n"], ["a", 1]],
            "2月": [["n", "key", "note"], [2, "b", "late"]],
            "empty": [],
        },
        hidden="old",
    )
    assert rows(sources.inspect(path)) == [("a", "1")]
    source = sources.inspect(path, sheet="all")
    assert source.headings == ["key", "n", "note"]
    assert rows(source) == [("a", "1", None), ("b", "2", "late")]
    numbers = [n for batch in sources.read_batches(source) for n in batch.row_numbers]
    assert numbers == [2, 4]
    assert rows(sources.inspect(path, sheet="old")) == [("x", "9")]


def test_numbers_of_a_spreadsheet_are_marked_and_long_ones_are_not_exact(
    tmp_path: Path,
) -> None:
    path = workbook(
        tmp_path / "n.xlsx", {"n": [["a", "b"], [1.299, "1.299"], [2.5e18, "x"]]}
    )
    [batch] = list(sources.read_batches(sources.inspect(path)))
    numbers, texts = batch.numeric
    assert numbers is not None
    assert (numbers.to_pylist(), texts) == ([True, True], None)
    assert batch.columns[0].to_pylist() == ["1.299", "2.5e+18"]


def test_text_of_json_may_be_a_thousand_while_a_number_is_none(tmp_path: Path) -> None:
    path = tmp_path / "n.ndjson"
    path.write_text('{"a": 1.299, "b": "1.299", "c": "1.5"}\n{"b": "1.5", "c": "3"}\n')
    source = sources.inspect(path)
    [batch] = list(sources.read_batches(source))
    masks = [mask.to_pylist() for mask in batch.numeric if mask is not None]
    assert masks == [[True, False], [False, True], [True, True]]
    path.write_text('{"a": 1.299, "b": "12.99"}\n')
    [batch] = list(sources.read_batches(sources.inspect(path)))
    assert batch.numeric == []


def test_cell_without_a_heading_breaks_its_row(tmp_path: Path) -> None:
    path = workbook(tmp_path / "m.xlsx", {"m": [["a"], ["1"], ["2", "", "3"]]})
    [batch] = list(sources.read_batches(sources.inspect(path)))
    assert [row.row for row in batch.broken] == [3]
    assert batch.columns[0].to_pylist() == ["1"]


@pytest.mark.parametrize(
    "text",
    [
        'k,n,c\na1,"Ann,X\na2,Bob,Y\na3,C,Z\n',
        'k,n,c\na1,"Ann,X\na2,"Bob",Y\na3,C,Z\n',
        'k,n,c\na1,"Ann,X\na2,Bob",Y\n',
    ],
)
def test_unclosed_quote_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "m.csv"
    path.write_text(text)
    with pytest.raises(inspection.UnreadableFile, match="Line 2"):
        sources.inspect(path)


def test_lines_within_quotes_are_a_text(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text('k,n,c\na1,"Ann, hello\nBob",X\na2,6" tall,Y\n')
    assert rows(sources.inspect(path)) == [
        ("a1", "Ann, hello\nBob", "X"),
        ("a2", '6" tall', "Y"),
    ]


@pytest.mark.parametrize(
    ("table", "headings", "first"),
    [
        (["名单,,", "key,name,city", "a,Ann,X"], ["key", "name", "city"], 2),
        (["", "key,name", "a,Ann"], ["key", "name"], 2),
        (["sep=;", "key;name", "a;Ann"], ["key", "name"], 2),
        (
            ["会员号,消费,,到店", ",金额,次数,", "a,5,1,2"],
            ["会员号", "金额", "次数", "到店"],
            2,
        ),
        (
            ["今年,,去年,", "金额,次数,金额,次数", "5,1,2,3"],
            ["今年 金额", "今年 次数", "去年 金额", "去年 次数"],
            2,
        ),
        (["key,name", "a,Ann"], ["key", "name"], 1),
        (["key", "a"], ["key"], 1),
        (["key,note", "a,", "b,", "c,x"], ["key", "note"], 1),
    ],
)
def test_headings_are_found_below_a_title(
    tmp_path: Path, table: list[str], headings: list[str], first: int
) -> None:
    path = tmp_path / "m.csv"
    path.write_text("\n".join([*table, ""]))
    source = sources.inspect(path)
    assert (source.headings, source.heading_rows) == (headings, first)
    assert len(rows(source)) == len(table) - first


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16"])
def test_utf_16_is_found_with_and_without_its_mark(
    tmp_path: Path, encoding: str
) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes("key\tname\na\t小林\n".encode(encoding))
    assert rows(sources.inspect(path)) == [("a", "小林")]

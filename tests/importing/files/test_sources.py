from __future__ import annotations

import csv
import dataclasses
import gzip
import io
import json
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qunce.importing.files import inspection, rows, sources, xlsx_files

COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".xz": lzma.compress,
}
CELL = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff"),
    max_size=8,
)
TABLES = st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=30)


def read(
    path: Path, encoding: str = ""
) -> tuple[list[tuple[str | None, ...]], list[int], list[rows.BrokenRow]]:
    source = sources.inspect(path, encoding=encoding)
    cells: list[tuple[str | None, ...]] = []
    numbers: list[int] = []
    broken: list[rows.BrokenRow] = []
    for piece in sources.read_batches(source):
        columns = [column.to_pylist() for column in piece.columns]
        cells += list(zip(*columns, strict=True))
        numbers += piece.row_numbers.tolist()
        broken += piece.broken
    return cells, numbers, broken


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    TABLES,
    st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
    st.sampled_from(sorted(COMPRESSORS)),
    st.sampled_from([",", "\t", ";"]),
)
def test_rows_are_the_same_in_every_encoding_and_compression(
    tmp_path: Path,
    table: list[tuple[str, str, str]],
    encoding: str,
    compression: str,
    delimiter: str,
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    # Words that GB18030 writes as no UTF-8 ever would.
    writer.writerows([("编号", "昵称", "备注"), ("茶叶", "会员", "社群运营"), *table])
    path = tmp_path / f"file.csv{compression}"
    path.write_bytes(COMPRESSORS[compression](text.getvalue().encode(encoding)))
    # No random text is plainly GB18030, so that it would have to be asked for.
    cells, numbers, broken = read(path, encoding if encoding == "gb18030" else "")
    assert cells[1:] == [tuple(cell or None for cell in row) for row in table]
    assert numbers == list(range(2, len(table) + 3))
    assert not broken


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=TABLES)
def test_rows_are_the_same_in_ndjson_and_json_lists(
    tmp_path: Path, table: list[tuple[str, str, str]]
) -> None:
    objects = [dict(zip(("a", "b", 'c"d'), row, strict=True)) for row in table]
    lines, whole = tmp_path / "file.ndjson", tmp_path / "file.json"
    lines.write_text("\n".join(json.dumps(one) for one in objects))
    whole.write_text(json.dumps(objects, ensure_ascii=False))
    expected = [tuple(cell or None for cell in row) for row in table]
    for path in (lines, whole):
        cells, numbers, broken = read(path)
        assert cells == expected
        assert numbers == list(range(1, len(table) + 1))
        assert not broken


def test_rows_after_broken_ones_have_the_right_numbers(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text('a,b\n1,2\n\n3\n4,"x\ny"\n5,6,7\n8,9\n')
    cells, numbers, broken = read(path)
    assert cells == [("1", "2"), (None, None), ("4", "x\ny"), ("8", "9")]
    assert numbers == [2, 3, 5, 7]
    assert [(one.row, one.text) for one in broken] == [(4, "3"), (6, "5,6,7")]


def test_lines_that_are_not_json_are_broken_rows(tmp_path: Path) -> None:
    path = tmp_path / "file.ndjson"
    path.write_text('{"a": 1}\nnonsense\n\n[1]\n{"a": {"b": [2]}, "n": null}\n')
    cells, numbers, broken = read(path)
    assert cells == [("1", None), ('{"b":[2]}', None)]
    assert numbers == [1, 5]
    assert [one.row for one in broken] == [2, 4]


def test_keys_that_differ_in_case_are_two_columns(tmp_path: Path) -> None:
    path = tmp_path / "file.ndjson"
    path.write_text('{"Name": "x", "name": "y"}\n')
    assert sorted(sources.inspect(path).headings) == ["Name", "name"]
    assert sorted(map(str, read(path)[0][0])) == ["x", "y"]


def test_spreadsheet_cells_become_text(tmp_path: Path) -> None:
    import datetime as dt

    path = tmp_path / "file.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("一")
    date = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    sheet.write_row(0, 0, ["key", "when", "n", "yes"])
    sheet.write(1, 0, 17850)
    sheet.write_datetime(1, 1, dt.datetime(2026, 3, 5, 9, 7), date)  # noqa: DTZ001
    sheet.write(1, 2, 2.5)
    sheet.write_row(1, 3, [True])
    sheet.write(3, 0, "x")
    book.close()
    cells, numbers, _broken = read(path)
    assert cells[0] == ("17850", "2026-03-05 09:07:00", "2.5", "true")
    assert cells[1] == (None,) * 4
    assert cells[2] == ("x", None, None, None)
    assert numbers == [2, 3, 4]


def write_sheet(path: Path, body: bytes) -> Path:
    """A workbook whose only sheet is replaced by `body`."""
    book = xlsxwriter.Workbook(str(path))
    book.add_worksheet().write(0, 0, "key")
    book.close()
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/worksheets/sheet1.xml"] = body
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def test_cell_in_the_last_corner_is_rejected(tmp_path: Path) -> None:
    body = b'<worksheet><sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
    body += (
        b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
    )
    with pytest.raises(inspection.UnreadableFile, match="too large"):
        sources.inspect(write_sheet(tmp_path / "bomb.xlsx", body))


def test_sheet_that_unpacks_to_gigabytes_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(inspection.UnreadableFile, match="too large"):
        sources.inspect(
            write_sheet(
                tmp_path / "bomb.xlsx", b" " * (inspection.MAX_LINE_BYTES * 130)
            )
        )


CORNERS = {
    "small letters": b'<row r="1048576"><c r="xfd1048576"><v>1</v></c></row>',
    "single quotes": b"<row r='1048576'><c r = 'XFD1048576'><v>1</v></c></row>",
    "cells that do not say where they are": b"<row>"
    + b"<c><v>1</v></c>" * 16_384
    + b'</row><row r="1048576"></row>',
    "a tag longer than a block": b"<c" + b" " * 1_200_000 + b'r="XFD1048576"/>',
}


@pytest.mark.parametrize("name", CORNERS)
def test_last_corner_is_found_in_every_notation(tmp_path: Path, name: str) -> None:
    body = b"<worksheet><sheetData>" + CORNERS[name] + b"</sheetData></worksheet>"
    with pytest.raises(inspection.UnreadableFile, match="too large"):
        sources.inspect(write_sheet(tmp_path / "bomb.xlsx", body))


def test_archive_with_a_wrong_size_in_its_directory_is_rejected(tmp_path: Path) -> None:
    """`sharedStrings.xml` claims a kilobyte and is 600 MB."""
    path = write_sheet(tmp_path / "bomb.xlsx", b"<worksheet/>")
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/sharedStrings2.xml", "w", force_zip64=True) as member,
    ):
        for _ in range(600):
            member.write(b" " * (1 << 20))
    data = bytearray(path.read_bytes())
    size = (600 << 20).to_bytes(4, "little")
    assert data.count(size)
    path.write_bytes(data.replace(size, (1_000).to_bytes(4, "little")))
    with pytest.raises(inspection.UnreadableFile, match="too large"):
        sources.inspect(path)


def test_open_document_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "table.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("content.xml", "<office:document-content/>")
    with pytest.raises(inspection.UnreadableFile, match=r"\.xlsx"):
        sources.inspect(path)


def test_rows_of_a_sheet_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "sheet.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("会员")
    for number in range(51):
        sheet.write_row(number, 0, ["a", number])
    book.close()
    assert sources.inspect(path).lines == 50
    assert xlsx_files.list_sheets(path) == ["会员"]


def test_head_spans_several_batches_with_their_broken_rows(
    tmp_path: Path,
) -> None:
    path = tmp_path / "rows.ndjson"
    path.write_text('{"a": 1}\nnonsense\n' + '{"a": 2}\n' * 200_000)
    source = sources.inspect(path)
    head = sources.read_head(source, 150)
    assert (len(head.row_numbers), [one.row for one in head.broken]) == (150, [2])
    again = list(sources.read_batches(dataclasses.replace(source, sample=head)))
    assert again == [head]


def test_endless_line_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(b"a,b\n" + b"x" * (inspection.MAX_LINE_BYTES + (2 << 20)))
    with pytest.raises(inspection.UnreadableFile, match="Line 2"):
        sources.inspect(path)


def test_decompression_bomb_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection, "MIN_BYTES_FOR_RATIO", 1 << 20)
    path = tmp_path / "file.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" * (8 << 20)))
    with pytest.raises(inspection.UnreadableFile, match="400"):
        sources.inspect(path)


@pytest.mark.parametrize("compression", [".gz", ".xz"])
def test_truncated_file_is_reported_as_damaged(
    tmp_path: Path, compression: str
) -> None:
    path = tmp_path / f"file.csv{compression}"
    text = "".join(f"{n},{n * n}\n" for n in range(5_000))
    path.write_bytes(COMPRESSORS[compression](text.encode())[:-40])
    with pytest.raises(Exception, match="damaged"):
        sources.inspect(path)


def test_several_compressed_streams_are_one_file(tmp_path: Path) -> None:
    for compression in (".gz", ".xz"):
        path = tmp_path / f"file.csv{compression}"
        path.write_bytes(
            COMPRESSORS[compression](b"a,b\n1,2\n") + COMPRESSORS[compression](b"3,4\n")
        )
        assert read(path)[0] == [("1", "2"), ("3", "4")]


def test_broken_byte_in_utf8_is_not_another_encoding(
    tmp_path: Path,
) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes("昵称,备注\n小红,茶叶\n".encode() + b"\xff,1\n")
    with pytest.raises(inspection.UnreadableFile, match="Line 3 is not valid UTF-8"):
        sources.inspect(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x00\x01\x02", "null bytes"),
        (b"\xd0\xcf\x11\xe0old", "old or locked"),
        (b"", "headings"),
        (b"PK\x03\x04nonsense", "not a spreadsheet"),
        (b'[{"a": 1}, nonsense]', "not a JSON list"),
    ],
)
def test_file_that_is_no_table_is_rejected(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(inspection.UnreadableFile, match=message):
        read(path)


def test_reasons_of_broken_rows_are_translated(
    tmp_path: Path,
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n1,2\n3\n")
    with translation.override("zh-hans"):
        _cells, _numbers, broken = read(path)
    assert "列" in broken[0].reason or "字段" in broken[0].reason

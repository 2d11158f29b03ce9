"""Files made to take long, to fill the memory or to be read as something else."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from qunce.importing.columns import column_mapping
from qunce.importing.files import heading_rows, html_files, inspection, rows, sources
from tests import cpu
from tests.importing.files.test_containers import rows as read_rows
from tests.importing.files.test_sources import write_sheet

MOST_SECONDS = 3.0
"""Of CPU, for what takes a fraction of a second and took minutes."""
TABLE = b"<table><tr><th>key</th><th>name</th></tr><tr><td>a</td><td>"
PAGES: dict[str, bytes] = {
    "comments that do not end": b"<!--" * 400_000,
    "sections that do not end": b"<![CDATA[" * 300_000,
    "tags that do not end": b"<td " * 300_000,
    "quotes that do not end": b"<td a='" * 300_000,
    "ends that do not end": b"</" * 500_000,
    "scripts that do not end": b"<script" * 300_000,
    "a character of many digits": b"&#" + b"9" * 100_000 + b";",
    "a span of many digits": b"<td colspan=" + b"9" * 100_000 + b">",
    "a span that is no number": "<td colspan=²>".encode(),
}


@pytest.fixture
def within_seconds() -> Iterator[None]:
    with cpu.at_most(MOST_SECONDS):
        yield


@pytest.mark.parametrize("name", PAGES)
def test_odd_page_is_read_or_refused_at_once(
    tmp_path: Path, name: str, within_seconds: None
) -> None:
    path = tmp_path / "page.xls"
    path.write_bytes(TABLE + PAGES[name])
    source = sources.inspect(path)
    assert source.headings[:2] == ["key", "name"]


def test_page_is_read_as_browsers_show_it(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(
        "<html><!-- <table><tr><td>no --><title><td>no</title><![if x]>"
        "<script>if (a<b) '<td>'</script><TABLE border=1>"
        "<TR><TH title=\"a>b\" colspan='2'>k&amp;y</TH><th>n</th></TR>"
        "<tr><td rowspan=2>a<b>c</b><br/>d</td><td>x &lt; y</td><td>5 < 6 > 4"
        "<tr><td>z<td>q</table>"
    )
    source = sources.inspect(path)
    assert source.headings == ["k&y", "column 2", "n"]
    assert read_rows(source) == [("ac\nd", "x < y", "5 < 6 > 4"), ("ac\nd", "z", "q")]


def test_span_is_bounded() -> None:
    assert html_files.SPAN.search('colspan = "12345678"') is not None
    assert html_files._span(999_999) == html_files.MAX_SPAN


def test_long_headings_are_refused(tmp_path: Path, within_seconds: None) -> None:
    path = tmp_path / "file.csv"
    path.write_text("key," + "(如" * 500_000 + "\n1,2\n")
    with pytest.raises(inspection.UnreadableFile, match="headings have more than"):
        sources.inspect(path)


def test_odd_headings_take_no_time(within_seconds: None) -> None:
    heading_rows.normalise("(如" * 40_000)
    column_mapping.guess_target(["key", "（" * 40_000])
    assert len(set(rows.unique_headings(["a"] * 2_000))) == 2_000


def test_repeated_headings_get_free_numbers() -> None:
    headings = ["a", "a (2)", "a", "", "column 4"]
    expected = ["a", "a (2)", "a (3)", "column 4", "column 4 (2)"]
    assert rows.unique_headings(headings) == expected


@pytest.mark.parametrize(
    "content",
    [
        b"key,name\na\xed\xa0\x80b,c\n",
        b"key,name\n" + bytes(range(128, 256)) * 500 + b"\n",
    ],
)
def test_bytes_of_no_encoding_are_asked_about_or_refused(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    try:
        source = sources.inspect(path)
    except inspection.UnreadableFile:
        return
    assert source.headings == ["key", "name"]
    assert source.info.encoding_choices


def test_byte_that_the_sample_did_not_have_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(b"key,name\na,\xff\n")
    info = inspection.FileInfo("", "euc-kr", "", 0, 0)
    with (
        inspection.open_text(path, info) as stream,
        pytest.raises(inspection.UnreadableFile, match="encoding"),
    ):
        stream.read()


def test_sentence_about_json_does_not_say_where_the_file_is(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text('[{"key": "a\\ud800"}]')
    with pytest.raises(inspection.UnreadableFile) as raised:
        read_rows(sources.inspect(path))
    assert str(tmp_path) not in str(raised.value)


@pytest.mark.parametrize("columns", [2_500, 20_000])
def test_wide_sheet_is_refused(
    tmp_path: Path, columns: int, within_seconds: None
) -> None:
    cells = b"<row>" + b"<c><v>1</v></c>" * columns + b"</row>"
    body = b"<worksheet><sheetData>" + cells + b"</sheetData></worksheet>"
    with pytest.raises(inspection.UnreadableFile, match=r"columns|too large"):
        sources.inspect(write_sheet(tmp_path / "wide.xlsx", body))


def test_ranges_that_overlap_are_refused(tmp_path: Path, within_seconds: None) -> None:
    table = b"<row><c><v>1</v></c><c><v>2</v></c></row>" * 9_990
    merged = b'<mergeCell ref="A2:B9990"/>' * 2_000
    body = b"<worksheet><sheetData>" + table + b"</sheetData><mergeCells>" + merged
    body += b"</mergeCells></worksheet>"
    with pytest.raises(inspection.UnreadableFile, match="too large"):
        read_rows(sources.inspect(write_sheet(tmp_path / "merged.xlsx", body)))


def test_text_that_fills_the_memory_is_refused(tmp_path: Path) -> None:
    text = b"a" * (70 << 20)
    body = b'<row><c t="inlineStr"><is><t>' + text + b"</t></is></c></row>"
    body = b"<worksheet><sheetData>" + body + b"</sheetData></worksheet>"
    with pytest.raises(inspection.UnreadableFile, match="too large"):
        sources.inspect(write_sheet(tmp_path / "text.xlsx", body))


def test_part_that_is_many_sheets_is_refused(
    tmp_path: Path, within_seconds: None
) -> None:
    body = b"<worksheet><sheetData>" + b"<row><c><v>1</v></c></row>" * 3_000
    path = write_sheet(tmp_path / "sheets.xlsx", body + b"</sheetData></worksheet>")
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    book = parts["xl/workbook.xml"]
    sheet = book[book.index(b"<sheet ") : book.index(b"</sheets>")]
    more = [sheet.replace(b"Sheet1", b"More%d" % index) for index in range(2_000)]
    parts["xl/workbook.xml"] = book.replace(sheet, sheet + b"".join(more))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(inspection.UnreadableFile, match="too large"):
        sources.inspect(path)


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_rows_that_are_all_odd_are_collected_at_once(
    tmp_path: Path, delimiter: str, within_seconds: None
) -> None:
    path = tmp_path / "odd.csv"
    odd, mended = ["a", "b", "c"], ["a", "b", "", '" "', ""]
    lines = [["key", "name"], mended, *[odd] * 40_000]
    path.write_text("".join(delimiter.join(line) + "\n" for line in lines))
    source = sources.inspect(path)
    batches = list(sources.read_batches(source))
    assert sum(len(batch.broken) for batch in batches) == 40_000
    assert read_rows(source) == [("a", "b")]

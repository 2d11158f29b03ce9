from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import qunce
from qunce.core import csv_safety
from qunce.core.csv_safety import csv_safe


@given(st.text() | st.text(alphabet="=+-@\t\r .,01a\0"))
def test_csv_cell_is_never_a_formula(text: str) -> None:
    cell = csv_safe(text)
    number = csv_safety.NUMBER.fullmatch(cell)
    assert number or not cell.lstrip(" ").startswith(tuple("=+-@\t\r"))
    assert csv_safety.unquoted(cell) == text.replace("\0", "")


@given(
    st.lists(
        st.lists(st.text(alphabet="=+-@\t\r\n ;,|'\".01aE"), min_size=1), min_size=1
    ),
    st.sampled_from(";\t|"),
)
def test_no_part_of_a_row_is_a_formula_with_any_separator(
    rows: list[list[str]], separator: str
) -> None:
    text = io.StringIO()
    csv_safety.write_rows(text, rows)
    parts = re.split(rf"[\r\n{separator}]", text.getvalue())
    assert [part for part in parts if part.lstrip(' "').startswith(tuple("=+-@"))] == []


def test_downloaded_files_have_one_writer() -> None:
    folder = Path(qunce.__file__).parent
    writers = {
        str(path.relative_to(folder))
        for path in folder.rglob("*.py")
        if re.search(r"csv\.(Dict)?[wW]riter\(", path.read_text())
    }
    downloads = {path for path in writers if not path.startswith("demo/")}
    assert downloads == {"core/csv_safety.py"}


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("  @SUM(A1)", "'  @SUM(A1)"),
        ("\0=1", "'=1"),
        ("＝1+1", "'＝1+1"),
        ("＋1-1", "'＋1-1"),
        ("＠x", "'＠x"),
        ("⁼1+1", "'⁼1+1"),
        ("－5", "－5"),
        ("-5", "-5"),
        ("+8613800000000", "+8613800000000"),
        ("-1,5", "-1,5"),
        ("a;=1+1", "a;'=1+1"),
        ('a; "=1+1"', 'a;\' "=1+1"'),
        ("a\n-5", "a\n'-5"),
        ("a;'=1+1", "a;''=1+1"),
        ("a;b-c", "a;b-c"),
        ("-1-1", "'-1-1"),
        ("Ann", "Ann"),
        ("", ""),
    ],
)
def test_only_what_a_spreadsheet_would_run_is_quoted(text: str, cell: str) -> None:
    assert csv_safe(text) == cell

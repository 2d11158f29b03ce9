from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.core import csv_safety
from qunce.core.csv_safety import csv_safe


@given(st.text() | st.text(alphabet="=+-@\t\r .,01a\0"))
def test_csv_cell_is_never_a_formula(text: str) -> None:
    cell = csv_safe(text)
    number = csv_safety.NUMBER.fullmatch(cell)
    assert number or not cell.lstrip(" ").startswith(tuple("=+-@\t\r"))
    assert cell in (text.replace("\0", ""), "'" + text.replace("\0", ""))


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
        ("-1-1", "'-1-1"),
        ("Ann", "Ann"),
        ("", ""),
    ],
)
def test_only_what_a_spreadsheet_would_run_is_quoted(text: str, cell: str) -> None:
    assert csv_safe(text) == cell

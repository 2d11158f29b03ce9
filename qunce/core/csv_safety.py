"""CSV files that spreadsheets show and never run, whatever they take for a separator."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from typing import TextIO

# Some spreadsheets take the full-width and small forms of the signs for the signs.
SIGNS = "=+\\-@＝＋－＠﹦﹢﹣﹫⁼⁺⁻₌₊₋−"
# Spreadsheets skip leading spaces, and some also run cells after a tab or a return.
FORMULA = re.compile(rf"""["' ]*[{SIGNS}\t\r]""")
# Where the list separator is another than the comma, a cell is parted at it, or at the
# end of a line, although it is quoted.
PARTED_FORMULA = re.compile(rf"""([;|\t\r\n])([ "']*[{SIGNS}])""")
NUMBER = re.compile(r"[+＋﹢﹣－-]?\d+([.,]\d+)?")

QUOTED_FORMULA = rf"""^'(["' ]*[{SIGNS}\t\r])"""
"""A cell that `csv_safe` has quoted; its first group is the cell as it was."""
QUOTED_PARTED_FORMULA = rf"""([;|\t\r\n])'([ "']*[{SIGNS}])"""
"""A part of a cell that `csv_safe` has quoted, as `\\1\\2` when it was not."""


def csv_safe(text: str, *, is_first: bool = False) -> str:
    """A cell without NUL, quoted where a spreadsheet would read a formula.

    `-5` and `+86` begin like one but are numbers, and stay as they are unless they are
    the first cell of a line: a spreadsheet that does not part lines at commas would take
    them for the beginning of a formula. What looks quoted is quoted again, so that
    imports can take one apostrophe off.
    """
    text = PARTED_FORMULA.sub(r"\1'\2", text.replace("\0", ""))
    is_number = NUMBER.fullmatch(text) and not is_first
    if FORMULA.match(text) and not is_number:
        return "'" + text
    return text


def unquoted(cell: str) -> str:
    """The text from which `csv_safe` made the cell."""
    cell = re.sub(QUOTED_PARTED_FORMULA, r"\1\2", cell)
    return re.sub(QUOTED_FORMULA, r"\1", cell)


def write_rows(file: TextIO, rows: Iterable[Sequence[object]]) -> None:
    """Write rows to a CSV file; all files that people download are written by this."""
    csv.writer(file).writerows(
        [
            csv_safe(cell, is_first=not index) if isinstance(cell, str) else cell
            for index, cell in enumerate(row)
        ]
        for row in rows
    )

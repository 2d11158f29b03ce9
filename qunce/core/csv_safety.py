"""Cells of CSV files that spreadsheets show and never run as formulas."""

from __future__ import annotations

import re

# Spreadsheets skip leading spaces, and some also run cells after a tab or a return.
# Some take the full-width and small forms of the signs for the signs.
SIGNS = "=+\\-@\\t\\r＝＋－＠﹦﹢﹣﹫⁼⁺⁻₌₊₋−"
FORMULA = re.compile(rf"'* *[{SIGNS}]")
QUOTED_FORMULA = rf"^'('* *[{SIGNS}])"
"""A cell that `csv_safe` has quoted; its first group is the cell as it was."""
NUMBER = re.compile(r"[+＋﹢﹣－-]?\d+([.,]\d+)?")


def csv_safe(text: str) -> str:
    """A cell without NUL, quoted where a spreadsheet would read a formula.

    `-5` and `+86` begin like one but are numbers, and stay as they are. A cell that looks
    quoted is quoted again, so that imports can take one apostrophe off.
    """
    text = text.replace("\0", "")
    if FORMULA.match(text) and not NUMBER.fullmatch(text):
        return "'" + text
    return text

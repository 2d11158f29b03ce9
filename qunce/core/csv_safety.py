"""Cells of CSV files that spreadsheets show and never run as formulas."""

from __future__ import annotations

import re

# Spreadsheets skip leading spaces, and some also run cells after a tab or a return.
FORMULA = re.compile(r" *[=+\-@\t\r]")
NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")


def csv_safe(text: str) -> str:
    """A cell without NUL, quoted where a spreadsheet would read a formula.

    `-5` and `+86` begin like one but are numbers, and stay as they are.
    """
    text = text.replace("\0", "")
    if FORMULA.match(text) and not NUMBER.fullmatch(text):
        return "'" + text
    return text

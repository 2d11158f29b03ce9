"""Spreadsheets (.xlsx), after a look at how large they claim and really are.

calamine lays the used rectangle out in memory, so one cell in the last corner of an
otherwise empty sheet would take all of it; the rectangle is measured first.
"""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import python_calamine as calamine
from django.utils.translation import gettext as _

from qunce.sets.files import rows, streams

LARGEST = 512 << 20
MOST_CELLS = 12_000_000
ROWS_AT_ONCE = 20_000
BLOCK = 1 << 20
REFERENCE = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"')
ROW_NUMBER = re.compile(rb'<(?:\w+:)?row\s[^>]*?\br="([0-9]{1,7})"')


def check(path: Path) -> None:
    """Refuse what would not fit into memory, before anything is unpacked into it."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > LARGEST:
                raise _too_large()
            for member in members:
                if re.fullmatch(r"xl/worksheets/[^/]+\.xml", member.filename):
                    _check_sheet(archive, member)
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError) as error:
        raise streams.UnreadableFile(
            _("This is not a spreadsheet: %(error)s") % {"error": error}
        ) from None


def _check_sheet(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    lowest, widest, size, rest = 0, 0, 0, b""
    with archive.open(member) as sheet:
        while block := sheet.read(BLOCK):
            size += len(block)
            text = rest + block
            for letters, number in REFERENCE.findall(text):
                widest = max(widest, _column(letters))
                lowest = max(lowest, int(number))
            for number in ROW_NUMBER.findall(text):
                lowest = max(lowest, int(number))
            rest = text[-200:]
            # The directory's sizes are a claim; these bytes are really there.
            if size > LARGEST or lowest * max(widest, 1) > MOST_CELLS:
                raise _too_large()


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _too_large() -> streams.UnreadableFile:
    return streams.UnreadableFile(
        _(
            "The spreadsheet is too large to open; save the sheet as CSV and import that."
        )
    )


class _Sheet:
    """One opened sheet; the first unless named."""

    def __init__(self, path: Path, name: str) -> None:
        try:
            book = calamine.CalamineWorkbook.from_path(str(path))
            self.name = name or book.sheet_names[0]
            self.sheet = book.get_sheet_by_name(self.name)
        except (calamine.CalamineError, IndexError) as error:
            raise streams.UnreadableFile(
                _("This sheet cannot be read: %(error)s") % {"error": error}
            ) from None

    def rows(self) -> Iterator[list[Any]]:
        return iter(self.sheet.iter_rows())


def headings_of(path: Path, sheet: str) -> list[str]:
    first = next(_Sheet(path, sheet).rows(), [])
    texts = [text_of(cell) or "" for cell in first]
    while texts and not texts[-1].strip():
        texts.pop()
    if not texts:
        raise streams.UnreadableFile(_("The first row must hold the headings."))
    return rows.distinct(texts)


def pieces(path: Path, sheet: str, headings: list[str]) -> Iterator[rows.Piece]:
    opened = _Sheet(path, sheet)
    # calamine begins at the first used row; people count from the top.
    first = (opened.sheet.start or (0, 0))[0] + 1
    taken: list[list[str | None]] = []
    begin = first + 1
    for number, cells in enumerate(opened.rows(), start=first):
        if number == first:
            continue
        taken.append([text_of(cell) for cell in cells])
        if len(taken) == ROWS_AT_ONCE:
            yield _piece(taken, begin, len(headings))
            taken, begin = [], number + 1
    if taken:
        yield _piece(taken, begin, len(headings))


def _piece(taken: list[list[str | None]], begin: int, width: int) -> rows.Piece:
    columns = [
        pa.array([row[i] if i < len(row) else None for row in taken], pa.string())
        for i in range(width)
    ]
    return rows.Piece(columns, np.arange(begin, begin + len(taken), dtype=np.int64))


def text_of(cell: Any) -> str | None:
    """A cell as text: dates ISO, whole numbers without a point, nothing for empty."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, dt.datetime | dt.date | dt.time):
        return (
            cell.isoformat(" ") if isinstance(cell, dt.datetime) else cell.isoformat()
        )
    return str(cell)

"""Spreadsheets (.xlsx), after a look at how large they claim and really are.

calamine lays the used rectangle out in memory, so one cell in the last corner of an
otherwise empty sheet would take all of it; the rectangle is measured first.
"""

from __future__ import annotations

import copy
import datetime as dt
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import python_calamine as calamine
from django.utils.translation import gettext as _

from qunce.importing.files import inspection, rows

MAX_UNPACKED_BYTES = 512 << 20
MAX_CELLS = 12_000_000
ROWS_PER_BATCH = 20_000
BLOCK_BYTES = 1 << 20
CELL = re.compile(rb"<(?:\w+:)?c(?=[\s/>])")
REFERENCE = re.compile(
    rb"""<(?:\w+:)?c\s[^>]*?\br\s*=\s*["']([A-Za-z]+)([0-9]+)""",
)
ROW = re.compile(rb"<(?:\w+:)?row(?=[\s/>])")
ROW_NUMBER = re.compile(rb"""<(?:\w+:)?row\s[^>]*?\br\s*=\s*["']([0-9]+)""")
MAX_TAG_BYTES = 1 << 16
WORKBOOK, OPEN_DOCUMENT = "xl/workbook.xml", "content.xml"


def check_size(path: Path) -> int:
    """Refuse what would not fit into memory, before anything is unpacked into it.

    Returns how many rows there are at most.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if WORKBOOK not in names or OPEN_DOCUMENT in names:
                raise _no_workbook()
            return _check_all(archive)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise inspection.UnreadableFile(
            _("This is not a spreadsheet: %(error)s") % {"error": error}
        ) from None


def _check_all(archive: zipfile.ZipFile) -> int:
    """Any member may be a sheet: which is one, another member tells."""
    left, lines = MAX_UNPACKED_BYTES, 1
    for member in archive.infolist():
        measure = _Rectangle()
        for block in _unpacked(archive, member):
            left -= len(block)
            if left < 0:
                raise _too_large()
            measure.add(block)
        lines = max(lines, measure.lowest)
    return lines - 1


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """All that is really there: the sizes in the directory are a claim, at which Python
    would stop reading and calamine would not."""
    claim = copy.copy(member)
    claim.file_size = 2 * MAX_UNPACKED_BYTES
    claim.CRC = None  # type: ignore[assignment]
    with archive.open(claim) as unpacked:
        while block := unpacked.read(BLOCK_BYTES):
            yield block


class _Rectangle:
    """How far down and to the right a sheet's cells reach."""

    def __init__(self) -> None:
        self.lowest, self.widest = 0, 0
        self._rest, self._bare, self._rows = b"", 0, 0

    def add(self, block: bytes) -> None:
        text = self._rest + block
        end = text.rfind(b"<") if text.rfind(b">") < text.rfind(b"<") else len(text)
        text, self._rest = text[:end], text[end:]
        if len(self._rest) > MAX_TAG_BYTES:
            raise _too_large()
        cells = REFERENCE.findall(text)
        if cells:
            letters, numbers = zip(*cells, strict=True)
            self.widest = max(self.widest, *(_column(one[:4]) for one in set(letters)))
            self.lowest = max(self.lowest, *(int(one[:9]) for one in set(numbers)))
        numbered = ROW_NUMBER.findall(text)
        self.lowest = max(self.lowest, *(int(one[:9]) for one in numbered), 0)
        self._count(text, len(cells))
        if self.lowest * max(self.widest, 1) > MAX_CELLS:
            raise _too_large()

    def _count(self, text: bytes, told: int) -> None:
        """Cells and rows need not say where they are: then they follow one another."""
        self._rows += len(ROW.findall(text))
        self.lowest = max(self.lowest, self._rows)
        if len(CELL.findall(text)) == told and not self._bare:
            return
        for number, part in enumerate(ROW.split(text)):
            self._bare = (0 if number else self._bare) + len(CELL.findall(part))
            self.widest = max(self.widest, self._bare)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _too_large() -> inspection.UnreadableFile:
    return inspection.UnreadableFile(
        _(
            "The spreadsheet is too large to open; save the sheet as CSV and import that."
        )
    )


def _no_workbook() -> inspection.UnreadableFile:
    return inspection.UnreadableFile(
        _("This is not an .xlsx file. Save it as .xlsx or CSV.")
    )


_held: ContextVar[dict[tuple[Path, str], _Sheet] | None] = ContextVar(
    "held", default=None
)


@contextmanager
def workbook_cache() -> Iterator[None]:
    """A sheet that is read several times in here is laid out in memory once."""
    token = _held.set({})
    try:
        yield
    finally:
        _held.reset(token)


def _opened(path: Path, name: str) -> _Sheet:
    known = _held.get()
    if known is None:
        return _Sheet(path, name)
    if (path, name) not in known:
        known.clear()
        known[path, name] = _Sheet(path, name)
    return known[path, name]


class _Sheet:
    """One opened sheet; the first unless named."""

    def __init__(self, path: Path, name: str) -> None:
        try:
            book = calamine.CalamineWorkbook.from_path(str(path))
            self.name = name or book.sheet_names[0]
            self.sheet = book.get_sheet_by_name(self.name)
        except (calamine.CalamineError, IndexError) as error:
            raise inspection.UnreadableFile(
                _("This sheet cannot be read: %(error)s") % {"error": error}
            ) from None

    def rows(self) -> Iterator[list[Any]]:
        return iter(self.sheet.iter_rows())


def list_sheets(path: Path) -> list[str]:
    """The sheets of a file that `check` has let pass."""
    try:
        return list(calamine.CalamineWorkbook.from_path(str(path)).sheet_names)
    except calamine.CalamineError as error:
        raise inspection.UnreadableFile(
            _("This sheet cannot be read: %(error)s") % {"error": error}
        ) from None


def read_headings(path: Path, sheet: str) -> list[str]:
    first = next(_opened(path, sheet).rows(), [])
    texts = [cell_text(cell) or "" for cell in first]
    while texts and not texts[-1].strip():
        texts.pop()
    if not texts:
        raise inspection.UnreadableFile(_("The first row must hold the headings."))
    return rows.unique_headings(texts)


def read_batches(
    path: Path, sheet: str, headings: list[str]
) -> Iterator[rows.RowBatch]:
    opened = _opened(path, sheet)
    # calamine begins at the first used row; people count from the top.
    first = (opened.sheet.start or (0, 0))[0] + 1
    taken: list[list[str | None]] = []
    begin = first + 1
    for number, cells in enumerate(opened.rows(), start=first):
        if number == first:
            continue
        taken.append([cell_text(cell) for cell in cells])
        if len(taken) == ROWS_PER_BATCH:
            yield _piece(taken, begin, len(headings))
            taken, begin = [], number + 1
    if taken:
        yield _piece(taken, begin, len(headings))


def _piece(taken: list[list[str | None]], begin: int, width: int) -> rows.RowBatch:
    columns = [
        pa.array([row[i] if i < len(row) else None for row in taken], pa.string())
        for i in range(width)
    ]
    return rows.RowBatch(columns, np.arange(begin, begin + len(taken), dtype=np.int64))


def cell_text(cell: Any) -> str | None:
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

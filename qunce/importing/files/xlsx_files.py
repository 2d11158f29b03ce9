"""Reads spreadsheets (.xlsx) after checking how large they are.

calamine allocates the whole used rectangle, so that one cell in the last corner of an
empty sheet would take all memory. The rectangle is therefore measured first.
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
    """Raise UnreadableFile if the content would not fit into memory.

    Returns the number of rows of the longest sheet. Nothing is unpacked into memory.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            # By the parts inside: .ods and .docx are ZIP files, too.
            names = archive.namelist()
            if WORKBOOK not in names or OPEN_DOCUMENT in names:
                raise inspection.UnreadableFile(
                    _("This is not an .xlsx file. Save it as .xlsx or CSV.")
                )
            # Every entry is checked, because workbook.xml decides which are sheets.
            # The sum over all entries, as an archive may hold many large ones.
            bytes_left, rows_used = MAX_UNPACKED_BYTES, 1
            for entry in archive.infolist():
                rectangle = _Rectangle()
                for block in _read_entry(archive, entry):
                    bytes_left -= len(block)
                    if bytes_left < 0:
                        raise _too_large()
                    rectangle.add(block)
                # calamine opens one sheet at a time, so the longest sheet counts, not
                # the sum.
                rows_used = max(rows_used, rectangle.last_row)
            return rows_used - 1
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


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    # The directory's size may be wrong. Python stops reading there, calamine does not,
    # so the size is replaced by one that is never reached.
    unlimited = copy.copy(entry)
    unlimited.file_size = 2 * MAX_UNPACKED_BYTES
    unlimited.CRC = None  # type: ignore[assignment]
    with archive.open(unlimited) as content:
        while block := content.read(BLOCK_BYTES):
            yield block


class _Rectangle:
    """The last row and column that the cells of a sheet use."""

    def __init__(self) -> None:
        self.last_row, self.last_column = 0, 0
        self._incomplete, self._cells_in_row, self._row_count = b"", 0, 0

    def add(self, block: bytes) -> None:
        # Searched with regular expressions: an XML parser would build every cell, and
        # can be attacked with entities.
        text = self._incomplete + block
        # A tag may go on in the next block.
        end = text.rfind(b"<") if text.rfind(b">") < text.rfind(b"<") else len(text)
        text, self._incomplete = text[:end], text[end:]
        if len(self._incomplete) > MAX_TAG_BYTES:
            raise _too_large()
        references = REFERENCE.findall(text)
        if references:
            letters, numbers = zip(*references, strict=True)
            # Cut to four letters: XFD is the last column, and a longer name only has to
            # be too large.
            columns = (_column_number(name[:4]) for name in set(letters))
            self.last_column = max(self.last_column, *columns)
            self.last_row = max(
                self.last_row, *(int(number[:9]) for number in set(numbers))
            )
        row_numbers = ROW_NUMBER.findall(text)
        self.last_row = max(
            self.last_row, *(int(number[:9]) for number in row_numbers), 0
        )
        # Rows and cells without a reference follow one another, so they are counted.
        self._row_count += len(ROW.findall(text))
        self.last_row = max(self.last_row, self._row_count)
        if self._cells_in_row or len(CELL.findall(text)) != len(references):
            for index, row in enumerate(ROW.split(text)):
                cells = len(CELL.findall(row))
                # The first part continues the last row of the block before.
                self._cells_in_row = cells if index else self._cells_in_row + cells
                self.last_column = max(self.last_column, self._cells_in_row)
        if self.last_row * max(self.last_column, 1) > MAX_CELLS:
            raise _too_large()


def _column_number(letters: bytes) -> int:
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


_cache: ContextVar[dict[tuple[Path, str], _Sheet] | None] = ContextVar(
    "cache", default=None
)


@contextmanager
def workbook_cache() -> Iterator[None]:
    """Keep the last sheet in memory, for code that reads it several times."""
    token = _cache.set({})
    try:
        yield
    finally:
        _cache.reset(token)


def _open(path: Path, name: str) -> _Sheet:
    cache = _cache.get()
    if cache is None:
        return _Sheet(path, name)
    if (path, name) not in cache:
        # Sheets are large, and nobody reads two of them in turn.
        cache.clear()
        cache[path, name] = _Sheet(path, name)
    return cache[path, name]


class _Sheet:
    """An opened sheet, the first one unless it is named."""

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
    """Return the names of the sheets of a file that passed `check_size`."""
    try:
        return list(calamine.CalamineWorkbook.from_path(str(path)).sheet_names)
    except calamine.CalamineError as error:
        raise inspection.UnreadableFile(
            _("This sheet cannot be read: %(error)s") % {"error": error}
        ) from None


def read_headings(path: Path, sheet: str) -> list[str]:
    """Return the first row without empty cells at its end."""
    first = next(_open(path, sheet).rows(), [])
    texts = [cell_text(cell) or "" for cell in first]
    while texts and not texts[-1].strip():
        texts.pop()
    if not texts:
        raise inspection.UnreadableFile(_("The first row must hold the headings."))
    return rows.unique_headings(texts)


def read_batches(
    path: Path, sheet: str, headings: list[str]
) -> Iterator[rows.RowBatch]:
    """Yield the rows below the headings, numbered as the spreadsheet numbers them."""
    # calamine has parsed the whole sheet by now; batches only bound the memory of
    # Arrow's copy.
    opened = _open(path, sheet)
    # calamine starts at the first used row; people count from the top.
    heading_row = (opened.sheet.start or (0, 0))[0] + 1
    pending: list[list[str | None]] = []
    start = heading_row + 1
    for number, cells in enumerate(opened.rows(), start=heading_row):
        if number == heading_row:
            continue
        pending.append([cell_text(cell) for cell in cells])
        if len(pending) == ROWS_PER_BATCH:
            yield _to_batch(pending, start, len(headings))
            pending, start = [], number + 1
    if pending:
        yield _to_batch(pending, start, len(headings))


def _to_batch(texts: list[list[str | None]], start: int, width: int) -> rows.RowBatch:
    columns = [
        pa.array(
            [row[index] if index < len(row) else None for row in texts], pa.string()
        )
        for index in range(width)
    ]
    return rows.RowBatch(columns, np.arange(start, start + len(texts), dtype=np.int64))


def cell_text(cell: Any) -> str | None:
    """Return a cell as text: ISO dates, whole numbers without a point, None if empty."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        # Spreadsheets store 17850 as a double. Above 1e15 the text would show digits
        # that the file does not have.
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, dt.datetime | dt.date | dt.time):
        return (
            cell.isoformat(" ") if isinstance(cell, dt.datetime) else cell.isoformat()
        )
    return str(cell)

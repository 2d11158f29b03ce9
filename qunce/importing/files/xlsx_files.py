"""Reads spreadsheets (.xlsx) after checking how large they are.

calamine allocates the whole used rectangle, so that one cell in the last corner of an
empty sheet would take all memory. The rectangle is therefore measured first.
"""

from __future__ import annotations

import copy
import datetime as dt
import itertools
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import python_calamine as calamine
from django.utils.translation import gettext as _

from qunce.importing.files import heading_rows, inspection, rows

MAX_UNPACKED_BYTES = 512 << 20
MAX_OLD_BYTES = 64 << 20
MIN_BYTES_FOR_RATIO = 64 << 20
MAX_RATIO = 100
"""Spreadsheets that unpack to more than those bytes hardly ever do so thirtyfold."""
MAX_SHEETS = 200
MAX_CELLS = 12_000_000
MAX_SHEET_COLUMNS = 16_384
"""XFD is the last column that a spreadsheet can have."""
ROWS_PER_BATCH = 20_000
BLOCK_BYTES = 1 << 20
CELL = re.compile(rb"<(?:\w+:)?c(?=[\s/>])")
REFERENCE = re.compile(
    rb"""<(?:\w+:)?c\s[^>]*?\br\s*=\s*["']([A-Za-z]+)([0-9]+)""",
)
ROW = re.compile(rb"<(?:\w+:)?row(?=[\s/>])")
ROW_NUMBER = re.compile(rb"""<(?:\w+:)?row\s[^>]*?\br\s*=\s*["']([0-9]+)""")
MAX_MERGED_ROWS = 10_000
MAX_MERGED_CELLS = 1_000_000
MAX_TAG_BYTES = 1 << 16
SHEET = re.compile(rb"<(?:\w+:)?sheet(?=[\s/>])")
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
            most = max(MIN_BYTES_FOR_RATIO, MAX_RATIO * path.stat().st_size)
            bytes_left, rows_used = min(MAX_UNPACKED_BYTES, most), 1
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
            _check_sheet_count(archive)
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


def _check_sheet_count(archive: zipfile.ZipFile) -> None:
    """Raise UnreadableFile if more sheets are listed than there are parts of any kind.

    One large part listed many times would be parsed as many times.
    """
    listed = sum(
        len(SHEET.findall(block))
        for block in _read_entry(archive, archive.getinfo(WORKBOOK))
    )
    if listed > min(len(archive.namelist()), 5 * MAX_SHEETS):
        raise _too_large()


def check_old_size(path: Path) -> int:
    """Do the same for an .xls file, whose sheets hold at most 65,536 rows."""
    if path.stat().st_size > MAX_OLD_BYTES:
        raise _too_large()
    try:
        book = _open_workbook(path)
        names = _visible_sheets(book) or list(book.sheet_names)
        return max((book.get_sheet_by_name(n).height for n in names), default=1) - 1
    except (calamine.CalamineError, ValueError, IndexError):
        raise inspection.UnreadableFile(
            _("This is an old or locked Excel file; save it as .xlsx or CSV.")
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
        is_too_wide = self.last_column > MAX_SHEET_COLUMNS
        if is_too_wide or self.last_row * max(self.last_column, 1) > MAX_CELLS:
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
    """An opened sheet, the first visible one unless it is named."""

    def __init__(
        self, path: Path, name: str, book: calamine.CalamineWorkbook | None = None
    ) -> None:
        try:
            book = book or _open_workbook(path)
            if not name:
                visible = _visible_sheets(book) or book.sheet_names[:1]
                filled = (n for n in visible if book.get_sheet_by_name(n).height > 0)
                name = next(filled, visible[0])
            self.name = name
            self.sheet = book.get_sheet_by_name(name)
        except (calamine.CalamineError, IndexError, ValueError) as error:
            raise inspection.UnreadableFile(
                _("This sheet cannot be read: %(error)s") % {"error": error}
            ) from None

    def rows(self) -> Iterator[list[Any]]:
        return iter(self.sheet.iter_rows())

    @property
    def first_row(self) -> int:
        """The number of the first used row; calamine starts there, people at the top."""
        return int((self.sheet.start or (0, 0))[0]) + 1

    def merged_cells(self) -> dict[tuple[int, int], tuple[int, int]]:
        """Return the cells below the first of a merged range, with that first cell."""
        top, left = self.sheet.start or (0, 0)
        ranges = getattr(self.sheet, "merged_cell_ranges", None) or []
        tall = [
            (first, last)
            for first, last in ranges
            if 0 < last[0] - first[0] < MAX_MERGED_ROWS
        ]
        # Ranges that overlap, which no spreadsheet writes, may be longer than the sheet.
        if sum(last[0] - first[0] for first, last in tall) > MAX_MERGED_CELLS:
            raise _too_large()
        return {
            (row - top, first[1] - left): (first[0] - top, first[1] - left)
            for first, last in tall
            for row in range(first[0] + 1, last[0] + 1)
        }


def _open_workbook(path: Path) -> calamine.CalamineWorkbook:
    # By content, as calamine would choose the format by the name.
    with path.open("rb") as file:
        return calamine.CalamineWorkbook.from_filelike(file)


def _visible_sheets(book: calamine.CalamineWorkbook) -> list[str]:
    return [
        meta.name
        for meta in book.sheets_metadata
        if meta.visible == calamine.SheetVisibleEnum.Visible
        and meta.typ == calamine.SheetTypeEnum.WorkSheet
    ]


def list_sheets(path: Path) -> list[str]:
    """Return the names of the visible sheets of a file that passed `check_size`."""
    try:
        return _visible_sheets(_open_workbook(path))
    except (calamine.CalamineError, ValueError) as error:
        raise inspection.UnreadableFile(
            _("This sheet cannot be read: %(error)s") % {"error": error}
        ) from None


def list_filled_sheets(path: Path) -> dict[str, list[str]]:
    """Return the headings of the visible sheets that have rows below them."""
    names = list_sheets(path)
    if len(names) < 2:
        return {name: [] for name in names}
    if len(names) > MAX_SHEETS:
        raise _too_large()
    filled = {}
    # Opened once, as that reads the texts of all sheets.
    book = _open_workbook(path)
    for name in names:
        sheet = _Sheet(path, name, book)
        if sheet.sheet.height > 1:
            filled[name] = _find_headings(sheet).texts
    return filled


def count_rows(path: Path, name: str) -> int:
    """Return the number of the last row that the sheet uses."""
    sheet = _open(path, name)
    return sheet.first_row + int(sheet.sheet.height) - 1


def find_sheet(path: Path, name: str) -> str:
    """Return the name of the sheet that is read; raises UnreadableFile."""
    return _open(path, name).name


def read_headings(path: Path, sheet: str) -> heading_rows.Headings:
    """Return the headings without empty cells at their end."""
    return heading_rows.name_columns(_find_headings(_open(path, sheet)))


def _find_headings(sheet: _Sheet) -> heading_rows.Headings:
    head = itertools.islice(sheet.rows(), heading_rows.MAX_ROWS)
    table = [[cell_text(cell) or "" for cell in row] for row in head]
    # Formatted cells without a text may reach to the last column.
    used = [index for row in table for index, cell in enumerate(row) if cell.strip()]
    width = max(used, default=-1) + 1
    if width > rows.MAX_COLUMNS:
        raise inspection.UnreadableFile(
            _("More than %(most)d columns: this is not a table.")
            % {"most": rows.MAX_COLUMNS}
        )
    return heading_rows.find([row[:width] for row in table])


def read_batches(
    path: Path, sheet: str, headings: list[str], skip: int = 1
) -> Iterator[rows.RowBatch]:
    """Yield the rows below the first `skip`, numbered as the spreadsheet numbers them."""
    # calamine has parsed the whole sheet by now; batches only bound the memory of
    # Arrow's copy.
    opened = _open(path, sheet)
    merged = opened.merged_cells()
    firsts = set(merged.values())
    values: dict[tuple[int, int], Any] = {}
    pending: list[list[Any]] = []
    start = opened.first_row + skip
    for index, cells in enumerate(opened.rows()):
        if merged:
            # Rows get the value of a cell that they share with the rows above.
            for column in range(len(cells)):
                if (index, column) in firsts:
                    values[index, column] = cells[column]
                elif (index, column) in merged:
                    cells[column] = values.get(merged[index, column])
        if index < skip:
            continue
        pending.append(cells)
        if len(pending) == ROWS_PER_BATCH:
            yield to_batch(pending, start, len(headings))
            pending, start = [], opened.first_row + index + 1
    if pending:
        yield to_batch(pending, start, len(headings))


def read_all_sheets(
    path: Path, names: Iterable[str], headings: list[str]
) -> Iterator[rows.RowBatch]:
    """Yield the rows of several sheets under `headings`, numbered through."""
    offset = 0
    for name in names:
        found = read_headings(path, name)
        for batch in read_batches(path, name, found.texts, found.rows):
            yield rows.arrange(batch, found.texts, headings, offset)
        offset += count_rows(path, name)


def to_batch(cells: list[list[Any]], start: int, width: int) -> rows.RowBatch:
    """Return rows of cells as a batch; rows with cells beyond the headings are broken."""
    broken = []
    numbers = np.arange(start, start + len(cells), dtype=np.int64)
    surplus = [
        index
        for index, row in enumerate(cells)
        if len(row) > width and any(cell not in (None, "") for cell in row[width:])
    ]
    if surplus:
        reason = _(
            "This row has a cell to the right of the last heading. Give its column a "
            "heading, or empty the cell."
        )
        for index in surplus:
            text = ", ".join(cell_text(cell) or "" for cell in cells[index])
            broken.append(rows.BrokenRow(int(numbers[index]), text[:200], reason))
        numbers = np.delete(numbers, surplus)
        cells = [row for index, row in enumerate(cells) if index not in set(surplus)]
    columns, numeric = [], []
    for index in range(width):
        column = [row[index] if index < len(row) else None for row in cells]
        columns.append(pa.array([cell_text(cell) for cell in column], pa.string()))
        are_numbers = [type(cell) in (int, float) for cell in column]
        numeric.append(pa.array(are_numbers, pa.bool_()) if any(are_numbers) else None)
    return rows.RowBatch(columns, numbers, broken, numeric)


def cell_text(cell: Any) -> str | None:
    """Return a cell as text: ISO dates, whole numbers without a point, None if empty."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        # Spreadsheets store 17850 as a double, of which they keep fifteen digits. The
        # notation shows that a longer number has lost its last ones.
        if abs(cell) >= 1e15:
            return f"{cell:.15g}"
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, int) and abs(cell) >= 10**15:
        return f"{cell:.15g}"
    if isinstance(cell, dt.datetime | dt.date | dt.time):
        return (
            cell.isoformat(" ") if isinstance(cell, dt.datetime) else cell.isoformat()
        )
    return str(cell)

"""Reads CSV files and files with other delimiters.

Arrow is used because it streams, reports the number and text of each row that does not
fit the headings (DuckDB reports lines of text), and rejects a row longer than a block.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
from django.utils import translation
from django.utils.translation import gettext as _

from qunce.importing.files import heading_rows, inspection, rows

BLOCK_BYTES = 8 << 20
HEAD_BLOCK_BYTES = 64 << 10
"""For the first rows alone, as Arrow parses whole blocks."""
MAX_ODD_ROWS_OF_HEAD = 20_000
"""Without a row in between that fits; a whole file may be odd."""
DELIMITERS = ",\t;|"
SAMPLE_BYTES = 1 << 16
SEPARATOR_LINE = re.compile(r"sep=(.|\\t)", re.IGNORECASE)
"""A first line that names the delimiter."""


def detect_delimiter(stream: IO[bytes]) -> str:
    """Return the delimiter that splits the first lines most evenly, else a comma.

    A line such as `sep=;`, which Excel understands, names it.
    """
    # The sample may end within a character.
    text = stream.read(SAMPLE_BYTES).decode("utf-8", "replace").lstrip("\ufeff")
    lines = text.splitlines()[:20] or [""]
    named = SEPARATOR_LINE.fullmatch(lines[0])
    if named:
        return "\t" if named[1] == "\\t" else named[1]
    evenness: dict[str, tuple[bool, int, int]] = {}
    for delimiter in DELIMITERS:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        split = Counter(width for width in widths if width > 1)
        if not split:
            evenness[delimiter] = False, -len(lines), 0
            continue
        width, count = max(split.items(), key=lambda item: item[0] * item[1])
        # Commas within texts do not split the headings, and those of a title few lines.
        first = next(index for index, each in enumerate(widths) if each > 1)
        is_even = count * 2 >= sum(bool(each) for each in widths)
        evenness[delimiter] = is_even, -first, width * count
    return max(DELIMITERS, key=evenness.__getitem__)


def read_headings(stream: IO[bytes], delimiter: str) -> heading_rows.Headings:
    """Return the headings, split as Arrow will split them."""
    text = io.TextIOWrapper(stream, "utf-8", newline="")
    # Python's own limit of 128 KB is below what `inspection` accepts as a line.
    csv.field_size_limit(inspection.MAX_LINE_BYTES)
    try:
        first = list(
            itertools.islice(
                csv.reader(text, delimiter=delimiter), heading_rows.MAX_ROWS
            )
        )
    except csv.Error as error:
        raise inspection.UnreadableFile(str(error)) from None
    finally:
        # Otherwise the wrapper would close the stream with itself.
        text.detach()
    if first and SEPARATOR_LINE.fullmatch(delimiter.join(first[0]).lstrip("\ufeff")):
        first[0] = []
    # Each column costs an array per block, so a binary file with many commas must not
    # pass as a table.
    if max(map(len, first), default=0) > rows.MAX_COLUMNS:
        raise inspection.UnreadableFile(
            _("More than %(most)d columns: this is not a table.")
            % {"most": rows.MAX_COLUMNS}
        )
    found = heading_rows.find(first)
    if not found.texts:
        raise inspection.UnreadableFile(_("The first row must hold the headings."))
    # Columns without a heading at the end are kept if their first row has them.
    width = max(len(found.texts), len(first[found.rows - 1]))
    texts = found.texts + [""] * (width - len(found.texts))
    return replace(found, texts=rows.unique_headings(texts))


def check_quotes(stream: IO[bytes], delimiter: str, width: int) -> None:
    """Raise UnreadableFile if a quotation mark is not closed, and swallows rows.

    Only called where a line ends within quotation marks, as it reads the whole file.
    """
    text = io.TextIOWrapper(stream, "utf-8", newline="")
    csv.field_size_limit(inspection.MAX_LINE_BYTES)
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    line = 1
    try:
        for row in reader:
            for cell in row if width > 2 else []:
                # Its lines have the delimiters of rows of the table.
                lines = cell.count("\n")
                if lines and cell.count(delimiter) == lines * (width - 1):
                    raise _unclosed(line)
            line = reader.line_num + 1
    except csv.Error:
        raise _unclosed(line) from None
    finally:
        text.detach()


def _unclosed(line: int) -> inspection.UnreadableFile:
    return inspection.UnreadableFile(
        _(
            "Line %(line)d has a quotation mark that is not closed, so that following "
            "rows became part of its text. Correct the line, or remove the mark."
        )
        % {"line": line}
    )


class _OddRows:
    """Rows of the last block that have more or fewer cells than there are headings."""

    def __init__(
        self, width: int, delimiter: str, skip: int, limit: int | None
    ) -> None:
        self._width, self._delimiter, self._skip = width, delimiter, skip
        self._limit = limit
        self._language = translation.get_language()
        self._reasons: dict[int, str] = {}
        """Sentences by the number of fields, as a whole file may be odd."""
        self.broken: list[rows.BrokenRow] = []
        self.mended: dict[int, list[str]] = {}
        """Cells of rows whose surplus cells are empty, by row."""
        self._above: list[int] = []
        """Rows above the end of the headings."""

    def __bool__(self) -> bool:
        return bool(self.broken or self.mended)

    def collect(self, row: Any) -> str:
        if self.is_full:
            return "error"
        number = int(row.number)
        if number <= self._skip:
            self._above.append(number)
        elif cells := self._mend(row):
            self.mended[number] = cells
        else:
            found = row.actual_columns
            if found not in self._reasons:
                # Arrow calls this in a thread of its own, where no language is active.
                with translation.override(self._language):
                    self._reasons[found] = _(
                        "This row has %(found)d fields, but the heading has %(wanted)d. "
                        "Check for a missing or extra separator, and quote fields that "
                        "contain one."
                    ) % {"found": found, "wanted": self._width}
            reason = self._reasons[found]
            self.broken.append(rows.BrokenRow(number, row.text[:200], reason))
        return "skip"

    def _mend(self, row: Any) -> list[str]:
        """Return the cells of a row whose surplus cells are empty."""
        # Nearly all odd rows of a file may be so, and few end with an empty cell.
        last = row.text.rpartition(self._delimiter)[2]
        if row.actual_columns <= self._width or last.strip().strip('"').strip():
            return []
        cells = next(csv.reader([row.text], delimiter=self._delimiter), [])
        if len(cells) > self._width and not any(map(str.strip, cells[self._width :])):
            return cells[: self._width]
        return []

    def numbers(self) -> list[int]:
        """Return the numbers of all rows that Arrow has skipped."""
        return [*(row.row for row in self.broken), *self.mended, *self._above]

    @property
    def is_full(self) -> bool:
        return self._limit is not None and len(self.broken) >= self._limit

    def clear(self) -> None:
        self.broken = []
        self.mended = {}
        self._above = []


def read_batches(
    stream: IO[bytes],
    headings: list[str],
    delimiter: str,
    skip: int = 1,
    *,
    is_head: bool = False,
) -> Iterator[rows.RowBatch]:
    """Yield the rows below the first `skip`, which hold the headings.

    With `is_head` the first rows cost little, but rows longer than HEAD_BLOCK_BYTES are
    an error, and the rows end after MAX_ODD_ROWS_OF_HEAD that do not fit.
    """
    limit = MAX_ODD_ROWS_OF_HEAD if is_head else None
    odd = _OddRows(len(headings), delimiter, skip, limit)
    # Headings can be any text, so that columns get names of our own.
    names = [f"c{index}" for index in range(len(headings))]
    try:
        block_bytes = HEAD_BLOCK_BYTES if is_head else BLOCK_BYTES
        reader = _open(stream, names, delimiter, odd.collect, block_bytes)
        next_row = 1
        for batch in reader:
            # Arrow reports odd rows while it parses the block, so all of them belong to
            # the batch that it then returns.
            skipped = odd.numbers()
            end = next_row + batch.num_rows + len(skipped)
            numbers = np.arange(next_row, end, dtype=np.int64)
            # Arrow does not number the rows that it returns, only those it skips.
            numbers = numbers[~np.isin(numbers, skipped)]
            next_row = end
            # The first rows hold a title and the headings.
            first = int(np.searchsorted(numbers, skip, side="right"))
            columns = [column.slice(first) for column in batch.columns]
            piece = rows.RowBatch(columns, numbers[first:], odd.broken)
            piece = _with_mended(piece, odd.mended)
            odd.clear()
            yield piece
        # The last block may consist of odd rows only, and Arrow returns no batch for
        # it.
        if odd:
            yield _odd_rows_alone(odd, names)
    except pa.ArrowInvalid as error:
        if odd.is_full:
            yield _odd_rows_alone(odd, names)
            return
        reason = _("The file cannot be read: %(error)s") % {"error": error}
        # Arrow has no class of its own for this error.
        if "straddling" in str(error):
            reason = _(
                "A row is longer than 8 MB. Check for an unclosed quotation mark."
            )
        raise inspection.UnreadableFile(reason) from None


def _odd_rows_alone(odd: _OddRows, names: list[str]) -> rows.RowBatch:
    empty = [pa.array([], pa.string()) for _name in names]
    piece = rows.RowBatch(empty, np.empty(0, dtype=np.int64), odd.broken)
    return _with_mended(piece, odd.mended)


def _with_mended(
    batch: rows.RowBatch, mended: Mapping[int, list[str]]
) -> rows.RowBatch:
    """Return the batch with the rows whose surplus cells are empty, in their places."""
    if not mended:
        return batch
    numbers = np.concatenate(
        [batch.row_numbers, np.array(list(mended), dtype=np.int64)]
    )
    order = np.argsort(numbers)
    columns = []
    for index, column in enumerate(batch.columns):
        added = pa.array(
            [cells[index] or None for cells in mended.values()], pa.string()
        )
        columns.append(pa.concat_arrays([column, added]).take(pa.array(order)))
    return rows.RowBatch(columns, numbers[order], batch.broken)


def _open(
    stream: IO[bytes],
    names: list[str],
    delimiter: str,
    collect: Any,
    block_bytes: int,
) -> Any:
    return arrow_csv.open_csv(
        stream,
        read_options=arrow_csv.ReadOptions(
            # Arrow reports the numbers of broken rows only with a single thread.
            use_threads=False,
            block_size=block_bytes,
            column_names=names,
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=delimiter,
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=collect,
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=True,
            null_values=[""],
        ),
    )

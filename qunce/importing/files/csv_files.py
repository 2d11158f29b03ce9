"""CSV and its kin. Arrow reads it: it streams, tells the number and text of each row
that does not fit its heading (DuckDB's reader tells lines of text), and refuses a row
longer than its block.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
from django.utils import translation
from django.utils.translation import gettext as _

from qunce.importing.files import inspection, rows

BLOCK_BYTES = 8 << 20
DELIMITERS = ",\t;|"
SAMPLE_BYTES = 1 << 16


def detect_delimiter(stream: IO[bytes]) -> str:
    """The candidate that splits the first lines most evenly; a comma when none does."""
    text = stream.read(SAMPLE_BYTES).decode("utf-8", "replace")
    lines = text.splitlines()[:20] or [""]
    best, most = ",", 0
    for candidate in DELIMITERS:
        widths = [len(row) for row in csv.reader(lines, delimiter=candidate) if row]
        columns = widths[0] if widths else 0
        even = sum(width == columns for width in widths)
        if columns > 1 and columns * even > most:
            best, most = candidate, columns * even
    return best


def read_headings(stream: IO[bytes], delimiter: str) -> list[str]:
    """The first row, read as Arrow will read it."""
    text = io.TextIOWrapper(stream, "utf-8", newline="")
    csv.field_size_limit(inspection.MAX_LINE_BYTES)
    try:
        first = next(csv.reader(text, delimiter=delimiter), [])
    except csv.Error as error:
        raise inspection.UnreadableFile(str(error)) from None
    finally:
        text.detach()
    if not any(heading.strip() for heading in first):
        raise inspection.UnreadableFile(_("The first row must hold the headings."))
    if len(first) > rows.MAX_COLUMNS:
        raise inspection.UnreadableFile(
            _("More than %(most)d columns: this is not a table.")
            % {"most": rows.MAX_COLUMNS}
        )
    return rows.unique_headings(first)


def read_batches(
    stream: IO[bytes], headings: list[str], delimiter: str
) -> Iterator[rows.RowBatch]:
    """Row 1 is the heading, so data begins at row 2."""
    broken: list[rows.BrokenRow] = []
    language = translation.get_language()

    def note(row: Any) -> str:
        with translation.override(language):  # Arrow calls from a thread of its own
            remedy = _misfit(row, headings)
        broken.append(rows.BrokenRow(int(row.number), row.text[:200], remedy))
        return "skip"

    names = [f"c{place}" for place in range(len(headings))]
    try:
        reader = _reader(stream, names, delimiter, note)
        number = 1
        while (batch := _next(reader)) is not None:
            taken, broken[:] = list(broken), []
            numbers, number = _numbers(number, batch.num_rows, taken)
            yield _piece(batch, numbers, taken)
        if broken:
            nothing = [pa.array([], pa.string()) for _name in names]
            yield rows.RowBatch(nothing, np.empty(0, dtype=np.int64), list(broken))
    except pa.ArrowInvalid as error:
        raise inspection.UnreadableFile(_explained(str(error))) from None


def _reader(stream: IO[bytes], names: list[str], delimiter: str, note: Any) -> Any:
    return arrow_csv.open_csv(
        stream,
        read_options=arrow_csv.ReadOptions(
            # Only a single thread tells the numbers of broken rows.
            use_threads=False,
            block_size=BLOCK_BYTES,
            column_names=names,
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=delimiter,
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=note,
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=True,
            null_values=[""],
        ),
    )


def _next(reader: Any) -> pa.RecordBatch | None:
    try:
        return reader.read_next_batch()
    except StopIteration:
        return None


def _numbers(
    start: int, count: int, broken: list[rows.BrokenRow]
) -> tuple[np.ndarray, int]:
    """Numbers of `count` rows from `start` on, when `broken` stood between them."""
    span = np.arange(start, start + count + len(broken), dtype=np.int64)
    missing = np.array([one.row for one in broken], dtype=np.int64)
    numbers = span[~np.isin(span, missing)]
    return numbers[:count], start + count + len(broken)


def _piece(
    batch: pa.RecordBatch, numbers: np.ndarray, broken: list[rows.BrokenRow]
) -> rows.RowBatch:
    columns = batch.columns
    if len(numbers) and numbers[0] == 1:
        columns, numbers = [column.slice(1) for column in columns], numbers[1:]
    return rows.RowBatch(columns, numbers, broken)


def _misfit(row: Any, headings: list[str]) -> str:
    return _(
        "This row has %(found)d fields, but the heading has %(wanted)d. "
        "Check for a missing or extra separator, and quote fields that "
        "contain one."
    ) % {"found": row.actual_columns, "wanted": len(headings)}


def _explained(message: str) -> str:
    if "straddling" in message:
        return _("A row is longer than 8 MB. Check for an unclosed quotation mark.")
    return _("The file cannot be read: %(error)s") % {"error": message}

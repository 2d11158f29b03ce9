"""Reads CSV files and files with other delimiters.

Arrow is used because it streams, reports the number and text of each row that does not
fit the headings (DuckDB reports lines of text), and rejects a row longer than a block.
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
    """Return the delimiter that splits the first lines most evenly, else a comma."""
    # The sample may end within a character.
    text = stream.read(SAMPLE_BYTES).decode("utf-8", "replace")
    lines = text.splitlines()[:20] or [""]
    best, best_score = ",", 0
    for delimiter in DELIMITERS:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        columns = widths[0] if widths else 0
        # A comma inside texts splits rows unevenly, while the real delimiter gives
        # every row the same width.
        score = columns * sum(width == columns for width in widths)
        if columns > 1 and score > best_score:
            best, best_score = delimiter, score
    return best


def read_headings(stream: IO[bytes], delimiter: str) -> list[str]:
    """Return the first row, split as Arrow will split it."""
    text = io.TextIOWrapper(stream, "utf-8", newline="")
    # Python's own limit of 128 KB is below what `inspection` accepts as a line.
    csv.field_size_limit(inspection.MAX_LINE_BYTES)
    try:
        first = next(csv.reader(text, delimiter=delimiter), [])
    except csv.Error as error:
        raise inspection.UnreadableFile(str(error)) from None
    finally:
        # Otherwise the wrapper would close the stream with itself.
        text.detach()
    if not any(heading.strip() for heading in first):
        raise inspection.UnreadableFile(_("The first row must hold the headings."))
    # Each column costs an array per block, so a binary file with many commas must not
    # pass as a table.
    if len(first) > rows.MAX_COLUMNS:
        raise inspection.UnreadableFile(
            _("More than %(most)d columns: this is not a table.")
            % {"most": rows.MAX_COLUMNS}
        )
    return rows.unique_headings(first)


def read_batches(
    stream: IO[bytes], headings: list[str], delimiter: str
) -> Iterator[rows.RowBatch]:
    """Yield the rows below the headings; the first of them is row 2."""
    broken: list[rows.BrokenRow] = []
    language = translation.get_language()

    def collect(row: Any) -> str:
        # Arrow calls this in a thread of its own, where no language is active.
        with translation.override(language):
            reason = _(
                "This row has %(found)d fields, but the heading has %(wanted)d. "
                "Check for a missing or extra separator, and quote fields that "
                "contain one."
            ) % {"found": row.actual_columns, "wanted": len(headings)}
        broken.append(rows.BrokenRow(int(row.number), row.text[:200], reason))
        return "skip"

    # Headings can be any text, so that columns get names of our own.
    names = [f"c{index}" for index in range(len(headings))]
    try:
        reader = _open(stream, names, delimiter, collect)
        next_row = 1
        for batch in reader:
            # Arrow reports broken rows while it parses the block, so all of them belong
            # to the batch that it then returns.
            batch_broken, broken[:] = list(broken), []
            end = next_row + batch.num_rows + len(batch_broken)
            numbers = np.arange(next_row, end, dtype=np.int64)
            # Arrow does not number the rows that it returns, only those it skips.
            numbers = numbers[~np.isin(numbers, [row.row for row in batch_broken])]
            next_row = end
            columns = batch.columns
            if len(numbers) and numbers[0] == 1:
                # The first row holds the headings.
                columns, numbers = [c.slice(1) for c in columns], numbers[1:]
            yield rows.RowBatch(columns, numbers, batch_broken)
        # The last block may consist of broken rows only, and Arrow returns no batch for
        # it.
        if broken:
            empty = [pa.array([], pa.string()) for _name in names]
            yield rows.RowBatch(empty, np.empty(0, dtype=np.int64), list(broken))
    except pa.ArrowInvalid as error:
        reason = _("The file cannot be read: %(error)s") % {"error": error}
        # Arrow has no class of its own for this error.
        if "straddling" in str(error):
            reason = _(
                "A row is longer than 8 MB. Check for an unclosed quotation mark."
            )
        raise inspection.UnreadableFile(reason) from None


def _open(stream: IO[bytes], names: list[str], delimiter: str, collect: Any) -> Any:
    return arrow_csv.open_csv(
        stream,
        read_options=arrow_csv.ReadOptions(
            # Arrow reports the numbers of broken rows only with a single thread.
            use_threads=False,
            block_size=BLOCK_BYTES,
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

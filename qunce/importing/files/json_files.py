"""Reads JSON lists and NDJSON files, one object per row; DuckDB extracts the values.

A line that is not JSON is one broken row and does not end the import, so lines are read
as text and checked before they are parsed.
"""

from __future__ import annotations

import dataclasses
import json
import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
from django.conf import settings
from django.utils.translation import gettext as _

from qunce.core import json_values
from qunce.importing.files import inspection, json_shapes, rows

BLOCK_BYTES = 16 << 20
HEADING_SAMPLE_ROWS = 10_000
MAX_OBJECT_BYTES = 4 << 20
FILE_NAME = re.compile(r' (?:in|while reading) file "[^"]*"')
"""Where the file is on the server, which errors of DuckDB say, is nobody's business."""
_local = threading.local()


def connection() -> Any:
    """Return this thread's in-memory DuckDB, with limited memory and threads."""
    # One per thread, as DuckDB serialises the queries of one connection.
    if not hasattr(_local, "connection"):
        _local.connection = duckdb.connect(
            config={
                "memory_limit": settings.DUCKDB_MEMORY,
                "threads": settings.DUCKDB_THREADS,
                "preserve_insertion_order": True,
            }
        )
    return _local.connection


def read_lines(stream: IO[bytes]) -> Iterator[pa.Array]:
    """Yield the lines of the file as arrays of text."""

    # Only a raw \x01 splits a line, and JSON has to escape it.
    def reject(_row: Any) -> str:
        raise inspection.UnreadableFile(
            _("This is not JSON: it has control characters.")
        )

    try:
        reader = arrow_csv.open_csv(
            stream,
            read_options=arrow_csv.ReadOptions(
                column_names=["line"], block_size=BLOCK_BYTES
            ),
            parse_options=arrow_csv.ParseOptions(
                # This character never occurs in JSON, so no line is split.
                delimiter="\x01",
                quote_char=False,
                ignore_empty_lines=False,
                invalid_row_handler=reject,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={"line": pa.string()}
            ),
        )
        for batch in reader:
            yield batch.column(0)
    except pa.ArrowInvalid as error:
        raise inspection.UnreadableFile(
            _("The file cannot be read: %(error)s") % {"error": error}
        ) from None


def read_list(path: Path) -> Iterator[pa.Array]:
    """Yield the members of a JSON list as arrays of text."""
    # DuckDB streams the list, while Python's parser would hold all of it.
    cursor = connection().cursor()
    try:
        relation = cursor.sql(
            "SELECT CAST(json AS VARCHAR) AS line FROM read_json_objects($path,"
            " format = 'array', maximum_object_size = $limit)",
            params={"path": str(path), "limit": MAX_OBJECT_BYTES},
        )
        for batch in relation.to_arrow_reader(100_000):
            yield batch.column(0)
    except duckdb.Error as error:
        raise inspection.UnreadableFile(
            _("This is not a JSON list of objects: %(error)s")
            % {"error": FILE_NAME.sub("", str(error).splitlines()[0])}
        ) from None


def split_blocks(blocks: Iterator[pa.Array], limit: int) -> Iterator[pa.Array]:
    """Yield at most `limit` lines of a block at a time."""
    for block in blocks:
        for start in range(0, len(block), limit):
            yield block.slice(start, limit)


SELECT_KEYS = """
SELECT key, min(position) AS first FROM (
    SELECT unnest(json_keys(line)) AS key, row_number() OVER () AS position FROM lines
    WHERE CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' ELSE false END
) GROUP BY key ORDER BY first, key
"""


def find_headings(
    batches: Iterator[pa.Array], limit: int | None = HEADING_SAMPLE_ROWS
) -> list[str]:
    """Return the keys of the first `limit` objects (None: all), by first appearance."""
    headings: dict[str, None] = {}
    count = 0
    for batch in batches:
        if limit is not None and count >= limit:
            break
        # A slice, since keys beyond the limit would make headings depend on the size of
        # blocks.
        lines = pa.table({"line": batch if limit is None else batch[: limit - count]})
        count += len(batch)
        cursor = connection().cursor()
        # Arrow tables are scanned where they are; nothing is copied into DuckDB.
        cursor.register("lines", lines)
        # In the order of first appearance, which is how people know the file.
        headings.update(
            (key, None) for key, _first in cursor.sql(SELECT_KEYS).fetchall()
        )
        if len(headings) > rows.MAX_COLUMNS:
            raise inspection.UnreadableFile(
                _("More than %(most)d different keys: this is not a table.")
                % {"most": rows.MAX_COLUMNS}
            )
    return list(headings)


def parse_lines(
    batches: Iterator[pa.Array], headings: Sequence[str]
) -> Iterator[rows.RowBatch]:
    """Yield the values of the objects under `headings` as text; the first row is row 1."""
    next_row = 1
    for batch in batches:
        numbers = np.arange(next_row, next_row + len(batch), dtype=np.int64)
        next_row += len(batch)
        yield _parse_block(batch, numbers, headings)


def _parse_block(
    lines: pa.Array, numbers: np.ndarray, headings: Sequence[str]
) -> rows.RowBatch:
    """Return the objects of the lines; only lines that may be broken are parsed here."""
    doubtful = json_shapes.find_doubtful(lines)
    while True:
        good, broken = _check_lines(lines, numbers, doubtful)
        objects = lines if good.all() else lines.filter(pa.array(good))
        cursor = connection().cursor()
        cursor.register("lines", pa.table({"line": objects}))
        try:
            *columns, hashes = _extract_columns(cursor, headings)
        except duckdb.Error:
            if doubtful.all():
                raise
            # A line that is not JSON ends the query and is not named.
            doubtful = np.ones(len(lines), dtype=bool)
            continue
        found = json_shapes.find_invalid_shapes(objects, hashes)
        found |= json_shapes.find_doubtful_columns(cursor, columns)
        more = doubtful.copy()
        more[good] |= found
        if (more == doubtful).all():
            break
        doubtful = more
    is_long = doubtful[good]
    if is_long.any():
        some = objects.filter(pa.array(is_long))
        matches = pc.match_substring_regex(some, json_shapes.LONG_DECIMAL)
        is_long[is_long] = np.asarray(matches, dtype=bool)
        columns = _with_exact_values(columns, headings, objects, is_long)
    batch = rows.RowBatch(columns, numbers[good], broken)
    return _with_types(cursor, batch, headings)


def _with_types(
    cursor: Any, batch: rows.RowBatch, headings: Sequence[str]
) -> rows.RowBatch:
    """Return the batch with the cells that hold numbers, if texts look like others.

    1.000 is one as a number, and perhaps a thousand between quotes.
    """
    masks: dict[int, pa.Array] = {}
    for index, heading in enumerate(headings):
        is_grouped = pc.match_substring_regex(batch.columns[index], rows.GROUPED_NUMBER)
        if not pc.any(is_grouped).as_py():
            continue
        quoted = heading.replace("\\", "\\\\").replace('"', '\\"')
        types = cursor.sql(
            "SELECT json_type(line, $path) = 'VARCHAR' AS is_text FROM lines",
            params={"path": f'$."{quoted}"'},
        ).to_arrow_table()["is_text"]
        is_text = pc.and_(is_grouped, types.combine_chunks())
        if pc.any(is_text).as_py():
            is_text = pc.fill_null(is_text, rows.FALSE)
            masks[index] = pc.and_not(rows.numeric_cells(batch, index), is_text)
    if not masks:
        return batch
    numeric = [
        masks[index] if index in masks else rows.numeric_cells(batch, index)
        for index in range(len(headings))
    ]
    return dataclasses.replace(batch, numeric=numeric)


def _check_lines(
    lines: pa.Array, numbers: np.ndarray, doubtful: np.ndarray
) -> tuple[np.ndarray, list[rows.BrokenRow]]:
    """Return which lines are objects, unless they are `doubtful` without parsing them.

    Broken lines are listed; blank lines are not.
    """
    good = np.ones(len(lines), dtype=bool)
    broken: list[rows.BrokenRow] = []
    indexes = np.flatnonzero(doubtful)
    texts = lines.take(pa.array(indexes)).cast(pa.binary()).to_pylist()
    for index, line in zip(indexes.tolist(), texts, strict=True):
        if json_shapes.is_object(line):
            continue
        good[index] = False
        if not line or not line.strip():
            continue
        reason = _("This line is not a JSON object. Write one object per line, {…}.")
        try:
            json_values.parse_object(line)
        except json_values.NotAnObject:
            pass
        except json_values.InvalidJson as error:
            reason = str(error)
        text = line.decode(errors="replace")[:200]
        broken.append(rows.BrokenRow(int(numbers[index]), text, reason))
    return good, broken


def _with_exact_values(
    columns: list[pa.Array],
    headings: Sequence[str],
    lines: pa.Array,
    is_long: np.ndarray,
) -> list[pa.Array]:
    """Return the columns with the numbers of these lines as they were written."""
    mask = pa.array(is_long)
    chosen = [
        json_values.parse_object(line)
        for line in lines.filter(mask).cast(pa.binary()).to_pylist()
    ]
    exact = []
    for heading, column in zip(headings, columns, strict=True):
        values = [row.get(heading) for row in chosen]
        # As `_extract_columns` does, texts have no quotes, and '' is null.
        texts = [
            value or None
            if value is None or isinstance(value, str)
            else json_values.dump_exactly(value)
            for value in values
        ]
        exact.append(pc.replace_with_mask(column, mask, pa.array(texts, pa.string())))
    return exact


def _extract_columns(cursor: Any, headings: Sequence[str]) -> list[pa.Array]:
    """Return texts without quotes, other values as JSON, null for null and ''.

    The last column has a hash of the keys of each object.
    """
    if len({heading.lower() for heading in headings}) < len(headings):
        # DuckDB's structs do not tell capitals apart, so such keys are read one by one.
        expressions = ", ".join(
            f"json_extract_string(line, ${number}) AS c{number}"
            for number in range(1, len(headings) + 1)
        )
        quoted = [h.replace("\\", "\\\\").replace('"', '\\"') for h in headings]
        relation = cursor.sql(
            f"SELECT {expressions}, {json_shapes.KEYS_HASH} FROM lines",  # noqa: S608
            params=[f'$."{heading}"' for heading in quoted],
        )
    else:
        # This takes a third of the time.
        shape = json.dumps(dict.fromkeys(headings, "VARCHAR")).replace("'", "''")
        relation = cursor.sql(
            f"SELECT unnest(from_json(line, '{shape}')), {json_shapes.KEYS_HASH} FROM lines"  # noqa: S608
        )
    # Spreadsheets and CSV have no empty strings either, so '' is read as null here.
    *columns, keys = [
        column.combine_chunks() for column in relation.to_arrow_table().columns
    ]
    null = pa.scalar(None, pa.string())
    return [
        *(pc.if_else(pc.equal(column, ""), null, column) for column in columns),
        keys,
    ]


CHECK_LINES = """
SELECT CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' ELSE false END AS good
FROM lines
"""


def are_objects(texts: pa.Array) -> np.ndarray:
    """Return for each text whether it is a JSON object; null counts as one."""
    cursor = connection().cursor()
    cursor.register("lines", pa.table({"line": texts}))
    checked = cursor.sql(CHECK_LINES).to_arrow_table()
    good: np.ndarray = np.asarray(checked["good"]) | np.asarray(pc.is_null(texts))
    return good

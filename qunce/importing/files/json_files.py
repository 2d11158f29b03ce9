"""JSON lists and NDJSON: one object a row. DuckDB takes the objects apart.

A line that is not JSON is one broken row, not the end of the file: lines come in as
text and are checked before they are opened.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
from django.utils.translation import gettext as _

from qunce.importing.files import inspection, rows
from qunce.sets import duckdb_session

BLOCK_BYTES = 16 << 20
HEADING_SAMPLE_ROWS = 10_000
MAX_OBJECT_BYTES = 4 << 20


def connection() -> Any:
    """The process's in-memory database that keeps the order of rows."""
    return duckdb_session.database(ordered=True)


def read_lines(stream: IO[bytes]) -> Iterator[pa.Array]:
    """Lines of text, many at a time. \\x01 cannot stand in JSON, so nothing is split."""
    try:
        reader = arrow_csv.open_csv(
            stream,
            read_options=arrow_csv.ReadOptions(
                column_names=["line"], block_size=BLOCK_BYTES
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter="\x01",
                quote_char=False,
                ignore_empty_lines=False,
                invalid_row_handler=_keep_count,
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


def _keep_count(_row: Any) -> str:
    raise inspection.UnreadableFile(_("This is not JSON: it has control characters."))


def read_list(path: Path) -> Iterator[pa.Array]:
    """The members of one JSON list, each as its text."""
    cursor = connection().cursor()
    try:
        relation = cursor.sql(
            "SELECT CAST(json AS VARCHAR) AS line FROM read_json_objects($path,"
            " format = 'array', maximum_object_size = $most)",
            params={"path": str(path), "most": MAX_OBJECT_BYTES},
        )
        for batch in relation.to_arrow_reader(100_000):
            yield batch.column(0)
    except duckdb.Error as error:
        raise inspection.UnreadableFile(
            _("This is not a JSON list of objects: %(error)s")
            % {"error": str(error).splitlines()[0]}
        ) from None


SELECT_KEYS = """
SELECT key, min(place) AS first FROM (
    SELECT unnest(json_keys(line)) AS key, row_number() OVER () AS place FROM lines
    WHERE CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' ELSE false END
) GROUP BY key ORDER BY first, key
"""


def find_headings(
    batches: Iterator[pa.Array], most: int | None = HEADING_SAMPLE_ROWS
) -> list[str]:
    """Keys of the first `most` objects (of all with None), in order of appearance."""
    found: dict[str, None] = {}
    seen = 0
    for batch in batches:
        if most is not None and seen >= most:
            break
        lines = pa.table({"line": batch if most is None else batch[: most - seen]})
        seen += len(batch)
        cursor = connection().cursor()
        cursor.register("lines", lines)
        found.update((key, None) for key, _first in cursor.sql(SELECT_KEYS).fetchall())
        if len(found) > rows.MAX_COLUMNS:
            raise inspection.UnreadableFile(
                _("More than %(most)d different keys: this is not a table.")
                % {"most": rows.MAX_COLUMNS}
            )
    return list(found)


def parse_lines(
    batches: Iterator[pa.Array], headings: Sequence[str], first: int = 1
) -> Iterator[rows.RowBatch]:
    """The values under `headings` as text; `first` is the number of the first row."""
    number = first
    for batch in batches:
        numbers = np.arange(number, number + len(batch), dtype=np.int64)
        number += len(batch)
        yield _opened(batch, numbers, headings)


CHECK_LINES = """
SELECT CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' ELSE false END AS good,
    coalesce(trim(line), '') = '' AS blank
FROM lines
"""


def _opened(
    batch: pa.Array, numbers: np.ndarray, headings: Sequence[str]
) -> rows.RowBatch:
    cursor = connection().cursor()
    cursor.register("lines", pa.table({"line": batch}))
    checked = cursor.sql(CHECK_LINES).to_arrow_table()
    good = np.asarray(checked["good"])
    broken: list[rows.BrokenRow] = []
    if not good.all():
        bad = ~good & ~np.asarray(checked["blank"])
        broken = _broken(batch, numbers, bad)
        batch, numbers = batch.filter(pa.array(good)), numbers[good]
        cursor.register("lines", pa.table({"line": batch}))
    return rows.RowBatch(_columns(cursor, headings), numbers, broken)


def _columns(cursor: Any, headings: Sequence[str]) -> list[pa.Array]:
    """Texts bare, numbers, lists and objects as their JSON, nothing for null and ''."""
    alike = len({heading.lower() for heading in headings}) < len(headings)
    relation = (_one_by_one if alike else _at_once)(cursor, headings)
    columns = [column.combine_chunks() for column in relation.to_arrow_table().columns]
    nothing = pa.scalar(None, pa.string())
    return [pc.if_else(pc.equal(column, ""), nothing, column) for column in columns]


def _at_once(cursor: Any, headings: Sequence[str]) -> Any:
    """A third of the other's time, but its names do not tell capitals apart."""
    shape = json.dumps(dict.fromkeys(headings, "VARCHAR")).replace("'", "''")
    return cursor.sql(f"SELECT unnest(from_json(line, '{shape}')) FROM lines")  # noqa: S608


def _one_by_one(cursor: Any, headings: Sequence[str]) -> Any:
    wanted = ", ".join(
        f"json_extract_string(line, ${place}) AS c{place}"
        for place in range(1, len(headings) + 1)
    )
    paths = [f"$.{_quoted(heading)}" for heading in headings]
    return cursor.sql(f"SELECT {wanted} FROM lines", params=paths)  # noqa: S608


def _quoted(heading: str) -> str:
    return '"' + heading.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _broken(
    batch: pa.Array, numbers: np.ndarray, bad: np.ndarray
) -> list[rows.BrokenRow]:
    reason = _("This line is not a JSON object. Write one object per line, {…}.")
    return [
        rows.BrokenRow(int(numbers[place]), (batch[place].as_py() or "")[:200], reason)
        for place in np.flatnonzero(bad).tolist()
    ]


def are_objects(texts: pa.Array) -> np.ndarray:
    """Which texts are JSON objects, shape kept; nothing counts as one."""
    cursor = connection().cursor()
    cursor.register("lines", pa.table({"line": texts}))
    checked = cursor.sql(CHECK_LINES).to_arrow_table()
    good: np.ndarray = np.asarray(checked["good"]) | np.asarray(pc.is_null(texts))
    return good

"""What is known of a file, and its first rows, kept so that it need not be read again."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from qunce.importing.files import inspection, rows, sources, xlsx_files
from qunce.importing.files.sources import Source

SOURCE_FIELDS = ("format", "headings", "digest", "lines", "delimiter", "sheet")
BROKEN_ROWS = b"broken"


def inspect(
    path: Path, sample: Path, *, most: int, sheet: str, encoding: str
) -> tuple[Source, list[str]]:
    """The source, and the sheets there are to choose from; `sample` is written."""
    with xlsx_files.workbook_cache():
        source = sources.inspect(path, sheet=sheet, encoding=encoding)
        save(source, sample, most=most)
    several = xlsx_files.list_sheets(path) if source.format == "xlsx" else []
    return source, several


def to_json(source: Source) -> dict[str, Any]:
    """As JSON; `source` makes the same of it again."""
    known = {name: getattr(source, name) for name in SOURCE_FIELDS}
    return {**known, "survey": dataclasses.asdict(source.survey)}


def from_json(path: Path, found: dict[str, Any]) -> Source:
    known = {name: found[name] for name in SOURCE_FIELDS}
    return Source(path=path, survey=inspection.FileInfo(**found["survey"]), **known)


def save(source: Source, path: Path, *, most: int) -> None:
    piece = sources.read_head(source, most)
    columns = [pa.array(piece.rows), *piece.columns]
    names = ["row", *(f"c{place}" for place in range(len(piece.columns)))]
    broken = json.dumps([dataclasses.asdict(one) for one in piece.broken[:most]])
    table = pa.table(columns, names=names).replace_schema_metadata(
        {BROKEN_ROWS: broken}
    )
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as out:
        out.write_table(table)


def load(path: Path) -> rows.RowBatch:
    with pa.OSFile(str(path), "rb") as file:
        table = pa.ipc.open_file(file).read_all()
    metadata = table.schema.metadata or {}
    numbers, *columns = [column.combine_chunks() for column in table.columns]
    broken = [rows.BrokenRow(**one) for one in json.loads(metadata[BROKEN_ROWS])]
    return rows.RowBatch(columns, numbers.to_numpy(), broken)

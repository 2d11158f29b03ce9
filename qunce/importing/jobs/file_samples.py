"""Stores what is known about an uploaded file, and its first rows beside it.

With both, the page of the mapping need not read the file again.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from qunce.importing.files import encodings, inspection, rows, sources, xlsx_files
from qunce.importing.files.sources import Source

SOURCE_FIELDS = (
    "format",
    "headings",
    "digest",
    "lines",
    "delimiter",
    "sheet",
    "heading_rows",
    "sheet_headings",
    "notes",
    "has_odd_headings",
    "first_row",
    "chat_format",
    "chat_title",
    "chat_needs_day",
)
BROKEN_ROWS = b"broken"
"""Key of the broken rows in the metadata of the Arrow file."""


def inspect(
    path: Path,
    sample: Path,
    *,
    limit: int,
    sheet: str = "",
    encoding: str = "",
    first_row: str = "",
) -> tuple[Source, list[str]]:
    """Return the source and the names of its sheets; writes the first rows to `sample`."""
    # Inspecting and sampling both open the sheet, and parsing a workbook is most of the
    # time.
    with xlsx_files.workbook_cache():
        source = sources.inspect(
            path, sheet=sheet, encoding=encoding, first_row=first_row
        )
        save(source, sample, limit=limit)
    sheets = (
        xlsx_files.list_sheets(path) if source.format in sources.SHEET_FORMATS else []
    )
    return source, sheets


def to_json(source: Source) -> dict[str, Any]:
    """Return the source as JSON, from which `from_json` restores it."""
    fields = {name: getattr(source, name) for name in SOURCE_FIELDS}
    return {**fields, "info": dataclasses.asdict(source.info)}


def from_json(path: Path, value: dict[str, Any]) -> Source:
    # Files that were uploaded before a field existed lack it.
    fields = {name: value[name] for name in SOURCE_FIELDS if name in value}
    choices = value["info"].get("encoding_choices", [])
    info = inspection.FileInfo(
        **value["info"]
        | {"encoding_choices": tuple(encodings.EncodingChoice(**c) for c in choices)}
    )
    return Source(path=path, info=info, **fields)


def save(source: Source, path: Path, *, limit: int) -> None:
    """Write the first rows of a source to an Arrow file."""
    head = sources.read_head(source, limit)
    names = ["row", *(f"c{index}" for index in range(len(head.columns)))]
    arrays = [pa.array(head.row_numbers), *head.columns]
    for index, numeric in enumerate(head.numeric):
        if numeric is not None:
            names.append(f"n{index}")
            arrays.append(numeric)
    table = pa.table(arrays, names=names)
    # In the metadata, so that one file cannot be stored without the other.
    broken = json.dumps([dataclasses.asdict(row) for row in head.broken[:limit]])
    table = table.replace_schema_metadata({BROKEN_ROWS: broken})
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as out:
        out.write_table(table)


def digest(path: Path) -> str:
    """Return the digest of the first rows as they are stored, empty without them."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "blake2b").hexdigest()[:32]
    except FileNotFoundError:
        return ""


def load(path: Path) -> rows.RowBatch:
    """Return the rows that `save` has written."""
    with pa.OSFile(str(path), "rb") as file:
        table = pa.ipc.open_file(file).read_all()
    metadata = table.schema.metadata or {}
    arrays = {name: table[name].combine_chunks() for name in table.column_names}
    columns = [array for name, array in arrays.items() if name.startswith("c")]
    numeric = [arrays.get(f"n{index}") for index in range(len(columns))]
    broken = [rows.BrokenRow(**row) for row in json.loads(metadata[BROKEN_ROWS])]
    return rows.RowBatch(columns, arrays["row"].to_numpy(), broken, numeric)

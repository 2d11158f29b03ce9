"""Any file that holds a table, whatever its format: inspected once, then read in batches.

source = sources.inspect(Path("members.csv"))
for batch in sources.read_batches(source): ...
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from django.utils.translation import gettext as _

from qunce.importing.files import (
    csv_files,
    decompression,
    inspection,
    json_files,
    rows,
    xlsx_files,
)

FORMATS = ("csv", "xlsx", "json", "ndjson")
MAX_FULL_SCAN_BYTES = 256 << 20
"""Up to this size, every object of a JSON file is searched for keys."""


@dataclass(frozen=True)
class Source:
    """`lines` estimates the rows; it is exact without line ends inside quotes."""

    path: Path
    format: str
    headings: list[str]
    digest: str
    lines: int
    info: inspection.FileInfo
    delimiter: str = ","
    sheet: str = ""
    table: pa.Table | None = None
    sample: rows.RowBatch | None = None
    """The first rows; where present they are read instead of the file."""


def inspect(
    path: Path, *, sheet: str = "", encoding: str = "", file_format: str = ""
) -> Source:
    """Read the file once, and detect its format, encoding and headings.

    `encoding` and `file_format` replace what would be detected.
    """
    if not path.is_file():
        raise inspection.UnreadableFile(
            _("There is no file “%(path)s”.") % {"path": path}
        )
    if encoding and encoding.lower() not in inspection.ENCODINGS:
        raise inspection.UnreadableFile(
            _("The encoding must be one of: %(names)s.")
            % {"names": ", ".join(sorted(inspection.ENCODINGS))}
        )
    # By content, as names such as members.txt tell nothing and browsers rename files.
    file_format = file_format or _detect_format(path)
    # An .xlsx file is a zip archive: neither its lines nor its encoding mean anything.
    if file_format == "xlsx":
        return _inspect_xlsx(path, sheet)
    info = inspection.inspect(
        path, encoding=encoding.lower(), one_line=file_format == "json"
    )
    delimiter = ","
    if file_format == "csv":
        with inspection.open_text(path, info) as stream:
            delimiter = csv_files.detect_delimiter(stream)
        with inspection.open_text(path, info) as stream:
            headings = csv_files.read_headings(stream, delimiter)
    else:
        headings = json_files.find_headings(
            _read_objects(path, file_format, info),
            None if info.size < MAX_FULL_SCAN_BYTES else json_files.HEADING_SAMPLE_ROWS,
        )
        if not headings:
            raise inspection.UnreadableFile(_("This file contains no objects."))
    return Source(path, file_format, headings, info.digest, info.lines, info, delimiter)


def from_table(name: str, table: pa.Table) -> Source:
    """Return an Arrow table as a source; its values are converted to text."""
    texts = table.cast(pa.schema([(name, pa.string()) for name in table.column_names]))
    digest = hashlib.blake2b(digest_size=16)
    for batch in texts.combine_chunks().to_batches():
        # Combined first, so that equal content gives an equal digest however it was
        # chunked.
        digest.update(batch.serialize())
    info = inspection.FileInfo("", "utf-8", digest.hexdigest(), 0, table.num_rows)
    return Source(
        Path(name),
        "table",
        table.column_names,
        info.digest,
        table.num_rows,
        info,
        table=texts,
    )


def _detect_format(path: Path) -> str:
    with path.open("rb") as file:
        magic = file.read(6)
    if magic.startswith(b"PK\x03\x04"):
        return "xlsx"
    if magic.startswith(b"\xd0\xcf\x11\xe0"):
        raise inspection.UnreadableFile(
            _("This is an old or locked Excel file; save it as .xlsx or CSV.")
        )
    compression = decompression.detect_compression(magic)
    with inspection.open_bytes(path, compression) as stream:
        head = stream.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")
    # Headings of a CSV file hardly ever begin with a bracket or a brace.
    if head.startswith(b"["):
        return "json"
    return "ndjson" if head.startswith(b"{") else "csv"


def _inspect_xlsx(path: Path, sheet: str) -> Source:
    lines = xlsx_files.check_size(path)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "blake2b").hexdigest()[:32]
    info = inspection.FileInfo("", "utf-8", digest, path.stat().st_size, 0)
    headings = xlsx_files.read_headings(path, sheet)
    # Two sheets of a file are two sources.
    digest = f"{digest}{sheet}"
    return Source(path, "xlsx", headings, digest, lines, info, sheet=sheet)


def _read_objects(
    path: Path, file_format: str, info: inspection.FileInfo
) -> Iterator[pa.Array]:
    if file_format == "json":
        if info.compression or info.encoding != "utf-8":
            raise inspection.UnreadableFile(
                _(
                    "A JSON list must be uncompressed UTF-8. Decompress it first, or "
                    "use NDJSON."
                )
            )
        yield from json_files.read_list(path)
        return
    with inspection.open_text(path, info) as stream:
        yield from json_files.read_lines(stream)


def read_batches(source: Source) -> Iterator[rows.RowBatch]:
    """Yield the rows in the order of the file."""
    if source.sample is not None:
        yield source.sample
    elif source.table is not None:
        next_row = 1
        for batch in source.table.to_batches(100_000):
            numbers = np.arange(next_row, next_row + len(batch), dtype=np.int64)
            next_row += len(batch)
            yield rows.RowBatch(batch.columns, numbers)
    elif source.format == "xlsx":
        yield from xlsx_files.read_batches(source.path, source.sheet, source.headings)
    elif source.format == "csv":
        with inspection.open_text(source.path, source.info) as stream:
            yield from csv_files.read_batches(stream, source.headings, source.delimiter)
    else:
        objects = _read_objects(source.path, source.format, source.info)
        yield from json_files.parse_lines(objects, source.headings)


def read_head(source: Source, limit: int) -> rows.RowBatch:
    """Return the first `limit` rows, broken ones included."""
    parts: list[rows.RowBatch] = []
    missing = limit
    # Stops as soon as there are enough rows, so that the head of a large file is fast.
    for batch in read_batches(source):
        head, _rest = rows.split(batch, min(missing, len(batch.row_numbers)))
        parts.append(head)
        missing -= len(head.row_numbers) + len(head.broken)
        if missing <= 0:
            break
    return rows.concat(parts, len(source.headings))

"""Any file that holds a table: examined once, then read in pieces of text.

source = sources.examine(Path("members.csv"))
for piece in sources.pieces(source): ...
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
"""Up to this size every object of a JSON file is asked for its keys."""


@dataclass(frozen=True)
class Source:
    """`lines` is an estimate of the rows, exact for files without quoted line ends."""

    path: Path
    format: str
    headings: list[str]
    digest: str
    lines: int
    survey: inspection.FileInfo
    delimiter: str = ","
    sheet: str = ""
    table: pa.Table | None = None
    piece: rows.RowBatch | None = None
    """Some of its rows at hand: read instead of the file."""


def inspect(
    path: Path, *, sheet: str = "", encoding: str = "", form: str = ""
) -> Source:
    """Read it once and find format, encoding, headings. `form` overrules the guess."""
    if not path.is_file():
        raise inspection.UnreadableFile(
            _("There is no file “%(path)s”.") % {"path": path}
        )
    if encoding and encoding.lower() not in inspection.ENCODINGS:
        raise inspection.UnreadableFile(
            _("The encoding must be one of: %(names)s.")
            % {"names": ", ".join(sorted(inspection.ENCODINGS))}
        )
    form = form or _format_of(path)
    if form == "xlsx":
        return _sheet(path, sheet)
    survey = inspection.inspect(
        path, encoding=encoding.lower(), one_line=form == "json"
    )
    if form == "csv":
        return _delimited(path, survey)
    headings = json_files.find_headings(
        _lines(path, form, survey),
        None if survey.size < MAX_FULL_SCAN_BYTES else json_files.HEADING_SAMPLE_ROWS,
    )
    if not headings:
        raise inspection.UnreadableFile(_("This file contains no objects."))
    return Source(path, form, headings, survey.digest, survey.lines, survey)


def from_table(name: str, table: pa.Table) -> Source:
    """An Arrow table as if it were a file; what is not text becomes text."""
    texts = table.cast(pa.schema([(one, pa.string()) for one in table.column_names]))
    digest = hashlib.blake2b(digest_size=16)
    for batch in texts.combine_chunks().to_batches():
        digest.update(batch.serialize())
    survey = inspection.FileInfo("", "utf-8", digest.hexdigest(), 0, table.num_rows)
    return Source(
        Path(name),
        "table",
        table.column_names,
        survey.digest,
        table.num_rows,
        survey,
        table=texts,
    )


def _format_of(path: Path) -> str:
    with path.open("rb") as file:
        magic = file.read(6)
    if magic.startswith(b"PK\x03\x04"):
        return "xlsx"
    if magic.startswith(b"\xd0\xcf\x11\xe0"):
        raise inspection.UnreadableFile(
            _("This is an old or locked Excel file; save it as .xlsx or CSV.")
        )
    with inspection.open_bytes(path, decompression.detect_compression(magic)) as stream:
        head = stream.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"["):
        return "json"
    return "ndjson" if head.startswith(b"{") else "csv"


def _delimited(path: Path, survey: inspection.FileInfo) -> Source:
    with inspection.open_text(path, survey) as stream:
        delimiter = csv_files.detect_delimiter(stream)
    with inspection.open_text(path, survey) as stream:
        headings = csv_files.read_headings(stream, delimiter)
    return Source(path, "csv", headings, survey.digest, survey.lines, survey, delimiter)


def _sheet(path: Path, sheet: str) -> Source:
    lines = xlsx_files.check_size(path)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "blake2b").hexdigest()[:32]
    survey = inspection.FileInfo("", "utf-8", digest, path.stat().st_size, 0)
    headings = xlsx_files.read_headings(path, sheet)
    digest = f"{digest}{sheet}"
    return Source(path, "xlsx", headings, digest, lines, survey, sheet=sheet)


def _lines(path: Path, form: str, survey: inspection.FileInfo) -> Iterator[pa.Array]:
    if form == "json":
        if survey.packing or survey.encoding != "utf-8":
            raise inspection.UnreadableFile(
                _(
                    "A JSON list must be uncompressed UTF-8. Decompress it first, or "
                    "use NDJSON."
                )
            )
        yield from json_files.read_list(path)
        return
    with inspection.open_text(path, survey) as stream:
        yield from json_files.read_lines(stream)


def read_batches(source: Source) -> Iterator[rows.RowBatch]:
    """The rows in the order of the file, in pieces as they are read."""
    if source.piece is not None:
        yield source.piece
    elif source.table is not None:
        yield from _of_table(source.table)
    elif source.format == "xlsx":
        yield from xlsx_files.read_batches(source.path, source.sheet, source.headings)
    elif source.format == "csv":
        with inspection.open_text(source.path, source.survey) as stream:
            yield from csv_files.read_batches(stream, source.headings, source.delimiter)
    else:
        batches = _lines(source.path, source.format, source.survey)
        yield from json_files.parse_lines(batches, source.headings)


def _of_table(table: pa.Table) -> Iterator[rows.RowBatch]:
    first = 1
    for batch in table.to_batches(100_000):
        numbers = np.arange(first, first + len(batch), dtype=np.int64)
        first += len(batch)
        yield rows.RowBatch(batch.columns, numbers)


def read_head(source: Source, most: int) -> rows.RowBatch:
    """The first rows, to be looked at."""
    taken: list[rows.RowBatch] = []
    left = most
    for piece in read_batches(source):
        some = rows.split(piece, min(left, len(piece.rows)))[0]
        taken.append(some)
        left -= len(some.rows) + len(some.broken)
        if left <= 0:
            break
    return rows.concat(taken, len(source.headings))

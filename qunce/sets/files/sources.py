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

from qunce.sets.files import delimited, objects, rows, sheets, streams, unpacking

FORMATS = ("csv", "xlsx", "json", "ndjson")
WHOLE = 256 << 20
"""Up to this size every object of a JSON file is asked for its keys."""


@dataclass(frozen=True)
class Source:
    """`lines` is an estimate of the rows, exact for files without quoted line ends."""

    path: Path
    format: str
    headings: list[str]
    digest: str
    lines: int
    survey: streams.Survey
    delimiter: str = ","
    sheet: str = ""
    table: pa.Table | None = None
    piece: rows.Piece | None = None
    """Some of its rows at hand: read instead of the file."""


def examine(
    path: Path, *, sheet: str = "", encoding: str = "", form: str = ""
) -> Source:
    """Read it once and find format, encoding, headings. `form` overrules the guess."""
    if not path.is_file():
        raise streams.UnreadableFile(_("There is no file “%(path)s”.") % {"path": path})
    if encoding and encoding.lower() not in streams.ENCODINGS:
        raise streams.UnreadableFile(
            _("The encoding can be one of: %(names)s.")
            % {"names": ", ".join(sorted(streams.ENCODINGS))}
        )
    form = form or _format_of(path)
    if form == "xlsx":
        return _sheet(path, sheet)
    survey = streams.examine(path, encoding=encoding.lower(), one_line=form == "json")
    if form == "csv":
        return _delimited(path, survey)
    headings = objects.headings_of(
        _lines(path, form, survey), None if survey.size < WHOLE else objects.HEAD
    )
    if not headings:
        raise streams.UnreadableFile(_("There is no object in this file."))
    return Source(path, form, headings, survey.digest, survey.lines, survey)


def of_table(name: str, table: pa.Table) -> Source:
    """An Arrow table as if it were a file; what is not text becomes text."""
    texts = table.cast(pa.schema([(one, pa.string()) for one in table.column_names]))
    digest = hashlib.blake2b(digest_size=16)
    for batch in texts.combine_chunks().to_batches():
        digest.update(batch.serialize())
    survey = streams.Survey("", "utf-8", digest.hexdigest(), 0, table.num_rows)
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
        raise streams.UnreadableFile(
            _("This is an old or locked Excel file; save it as .xlsx or CSV.")
        )
    with streams.open_bytes(path, unpacking.packing_of(magic)) as stream:
        head = stream.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"["):
        return "json"
    return "ndjson" if head.startswith(b"{") else "csv"


def _delimited(path: Path, survey: streams.Survey) -> Source:
    with streams.open_text(path, survey) as stream:
        delimiter = delimited.delimiter_of(stream)
    with streams.open_text(path, survey) as stream:
        headings = delimited.headings_of(stream, delimiter)
    return Source(path, "csv", headings, survey.digest, survey.lines, survey, delimiter)


def _sheet(path: Path, sheet: str) -> Source:
    lines = sheets.check(path)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "blake2b").hexdigest()[:32]
    survey = streams.Survey("", "utf-8", digest, path.stat().st_size, 0)
    headings = sheets.headings_of(path, sheet)
    digest = f"{digest}{sheet}"
    return Source(path, "xlsx", headings, digest, lines, survey, sheet=sheet)


def _lines(path: Path, form: str, survey: streams.Survey) -> Iterator[pa.Array]:
    if form == "json":
        if survey.packing or survey.encoding != "utf-8":
            raise streams.UnreadableFile(
                _("A JSON list must be plain UTF-8; unpack it, or write NDJSON.")
            )
        yield from objects.objects_of_list(path)
        return
    with streams.open_text(path, survey) as stream:
        yield from objects.lines(stream)


def pieces(source: Source) -> Iterator[rows.Piece]:
    """The rows in the order of the file, in pieces as they are read."""
    if source.piece is not None:
        yield source.piece
    elif source.table is not None:
        yield from _of_table(source.table)
    elif source.format == "xlsx":
        yield from sheets.pieces(source.path, source.sheet, source.headings)
    elif source.format == "csv":
        with streams.open_text(source.path, source.survey) as stream:
            yield from delimited.pieces(stream, source.headings, source.delimiter)
    else:
        batches = _lines(source.path, source.format, source.survey)
        yield from objects.pieces(batches, source.headings)


def _of_table(table: pa.Table) -> Iterator[rows.Piece]:
    first = 1
    for batch in table.to_batches(100_000):
        numbers = np.arange(first, first + len(batch), dtype=np.int64)
        first += len(batch)
        yield rows.Piece(batch.columns, numbers)


def head(source: Source, most: int) -> rows.Piece:
    """The first rows, to be looked at."""
    taken: list[rows.Piece] = []
    left = most
    for piece in pieces(source):
        some = rows.split(piece, min(left, len(piece.rows)))[0]
        taken.append(some)
        left -= len(some.rows) + len(some.broken)
        if left <= 0:
            break
    return rows.joined(taken, len(source.headings))

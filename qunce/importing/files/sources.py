"""Any file that holds a table, whatever its format: inspected once, then read in batches.

source = sources.inspect(Path("members.csv"))
for batch in sources.read_batches(source): ...
"""

from __future__ import annotations

import itertools
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa
from django.utils.translation import gettext as _

from qunce.importing.files import (
    csv_files,
    decompression,
    encodings,
    formats,
    heading_rows,
    html_files,
    inspection,
    json_files,
    rows,
    xlsx_files,
)
from qunce.importing.files.chat_logs import chat_files, log_format

FORMATS = ("csv", "xlsx", "xls", "html", "json", "ndjson", chat_files.FORMAT)
SHEET_FORMATS = ("xlsx", "xls")
ALL_SHEETS = "all"
TABLE_FORMATS = (*SHEET_FORMATS, "csv", "html")
"""Formats whose first row may hold headings."""
DATA, HEADINGS = "data", "headings"
"""What the first row may hold."""
MAX_FULL_SCAN_BYTES = 256 << 20
"""Up to this size, every object of a JSON file is searched for keys."""
MAX_HEADINGS_LENGTH = 200_000
"""Of all headings together."""


@dataclass(frozen=True)
class Source:
    """`lines` estimates the rows; it is exact without line ends inside quotes.

    `heading_rows` is the number of rows up to the headings, including them. `sheet` is
    the one that is read, or ALL_SHEETS. `sheet_headings` are those of the visible
    sheets that have rows. `notes` say how the file is read.
    """

    path: Path
    format: str
    headings: list[str]
    digest: str
    lines: int
    info: inspection.FileInfo
    delimiter: str = ","
    sheet: str = ""
    heading_rows: int = 1
    sheet_headings: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    has_odd_headings: bool = False
    """Whether the headings may be the first row of data."""
    first_row: str = ""
    """DATA if the file is read as one without headings."""
    sample: rows.RowBatch | None = None
    """The first rows; where present they are read instead of the file."""
    chat_format: str = ""
    """Of a chat log, the key of its format; else empty."""
    chat_title: str = ""
    """The name of the group, if the log has it."""
    chat_needs_day: bool = False
    """Whether the log has times without dates."""
    chat_day: str = ""
    """The day of its first line, where the log does not have it."""


def inspect(
    path: Path,
    *,
    sheet: str = "",
    encoding: str = "",
    file_format: str = "",
    first_row: str = "",
) -> Source:
    """Read the file once, and detect its format, encoding and headings.

    `encoding` and `file_format` replace what would be detected. With DATA as
    `first_row` the columns are called A, B, C.
    """
    if not path.is_file():
        raise inspection.UnreadableFile(
            _("There is no file “%(path)s”.") % {"path": path}
        )
    if encoding and not encodings.find_name(encoding):
        raise inspection.UnreadableFile(
            _("The encoding must be one of: %(names)s.")
            % {"names": ", ".join(encodings.CODECS)}
        )
    # By content, as names such as members.txt tell nothing and browsers rename files.
    file_format, is_given = file_format or formats.detect(path), bool(file_format)
    if file_format in SHEET_FORMATS:
        # A spreadsheet is an archive: neither its lines nor its encoding mean anything.
        source = _inspect_workbook(path, file_format, sheet, first_row)
    else:
        is_json_chat = file_format == "ndjson" and _is_json_chat(path)
        info = inspection.inspect(
            path,
            encoding=encodings.find_name(encoding) if encoding else "",
            one_line=is_json_chat or file_format in ("json", "html"),
            is_quoted=file_format == "csv",
        )
        chat = None
        # The first line of a log may begin with a bracket, as a list of JSON does.
        may_be_lines = file_format in ("csv", "json") and not (is_given or first_row)
        if is_json_chat or may_be_lines:
            chat = _inspect_chat(path, info, is_json=is_json_chat)
        source = chat or _inspect_text(path, file_format, info, first_row)
    # Every target compares every heading with its fields, by regular expressions.
    if sum(map(len, source.headings)) > MAX_HEADINGS_LENGTH:
        raise inspection.UnreadableFile(
            _("The headings have more than %(most)d characters: this is not a table.")
            % {"most": MAX_HEADINGS_LENGTH}
        )
    return replace(
        source, notes=[*formats.list_notes(path, source.format), *source.notes]
    )


def _is_json_chat(path: Path) -> bool:
    with path.open("rb") as file:
        compression = decompression.detect_compression(file.read(16))
    if zipfile.is_zipfile(path):
        compression = "zip"
    with inspection.open_bytes(path, compression) as stream:
        return chat_files.find(chat_files.read_head(stream), is_json=True) is not None


def _inspect_chat(
    path: Path, info: inspection.FileInfo, *, is_json: bool
) -> Source | None:
    """Return the file as a chat log, None if it is none."""
    with inspection.open_text(path, info) as stream:
        head = chat_files.read_head(stream)
    found = chat_files.find(head, is_json=is_json)
    if found is None:
        return None
    notes = [
        _(
            "Read as %(format)s. Its lines about anything but messages, joins and leaves"
            " are left out."
        )
        % {"format": found.label}
    ]
    return Source(
        path,
        chat_files.FORMAT,
        log_format.HEADINGS,
        info.digest,
        info.lines,
        info,
        heading_rows=0,
        notes=notes,
        chat_format=found.key,
        chat_title=found.find_title(head)[:200],
        chat_needs_day=found.needs_day(head),
    )


def _inspect_text(
    path: Path, file_format: str, info: inspection.FileInfo, first_row: str
) -> Source:
    delimiter, lines = ",", info.lines
    if file_format == "csv":
        with inspection.open_text(path, info) as stream:
            delimiter = csv_files.detect_delimiter(stream)
        with inspection.open_text(path, info) as stream:
            found = csv_files.read_headings(stream, delimiter)
        if info.has_open_lines:
            with inspection.open_text(path, info) as stream:
                csv_files.check_quotes(stream, delimiter, len(found.texts))
    elif file_format == "html":
        with inspection.open_text(path, info) as stream:
            table, lines = html_files.read_table(stream, limit=heading_rows.MAX_ROWS)
        head = table[: heading_rows.MAX_ROWS]
        texts = [[cell or "" for cell in row] for row in head]
        found = heading_rows.name_columns(heading_rows.find(texts))
    else:
        is_small = info.size < MAX_FULL_SCAN_BYTES
        keys = json_files.find_headings(
            _read_objects(path, file_format, info),
            None if is_small else json_files.HEADING_SAMPLE_ROWS,
        )
        if not keys:
            raise inspection.UnreadableFile(_("This file contains no objects."))
        found = heading_rows.Headings(keys, 1)
    if first_row == DATA and file_format in TABLE_FORMATS:
        found = heading_rows.as_data(found)
    return Source(
        path,
        file_format,
        found.texts,
        info.digest,
        lines,
        info,
        delimiter,
        heading_rows=found.rows,
        has_odd_headings=found.are_like_data,
        first_row=first_row,
        notes=_heading_notes(found, first_row),
    )


def _inspect_workbook(
    path: Path, file_format: str, sheet: str, first_row: str
) -> Source:
    is_old = file_format == "xls"
    lines = (xlsx_files.check_old_size if is_old else xlsx_files.check_size)(path)
    info = inspection.inspect_binary(path)
    sheets = xlsx_files.list_filled_sheets(path)
    name, notes = sheet, list[str]()
    if sheet == ALL_SHEETS and ALL_SHEETS not in sheets:
        named = (rows.unique_headings(texts) for texts in sheets.values())
        union = dict.fromkeys(itertools.chain(*named))
        found = heading_rows.Headings(list(union), 0)
        if not sheets:
            raise inspection.UnreadableFile(_("The first row must hold the headings."))
        # The rows of all sheets are numbered through.
        before = 0
        for each in sheets:
            notes.append(
                _("Rows of the sheet “%(name)s” are numbered from %(row)d.")
                % {"name": each, "row": before + 1}
            )
            before += xlsx_files.count_rows(path, each)
        lines *= len(sheets)
    else:
        # Stored by name, so that a report can name the sheet that was read.
        name = xlsx_files.find_sheet(path, sheet)
        found = xlsx_files.read_headings(path, name)
        if first_row == DATA:
            found = heading_rows.as_data(found)
        notes = _heading_notes(found, first_row) + _other_sheet_notes(name, sheets)
    return Source(
        path,
        file_format,
        found.texts,
        # Two sheets of a file are two sources.
        f"{info.digest}{sheet}",
        lines,
        info,
        sheet=name,
        heading_rows=found.rows,
        sheet_headings=sheets,
        has_odd_headings=found.are_like_data,
        first_row=first_row,
        notes=notes,
    )


def _heading_notes(found: heading_rows.Headings, first_row: str) -> list[str]:
    if first_row == DATA:
        return [_("The file has no headings; its columns are called A, B, C.")]
    if found.rows == 1:
        return []
    return [
        _("The headings end in row %(row)d. Rows above them are left out.")
        % {"row": found.rows}
    ]


def _other_sheet_notes(name: str, sheets: Mapping[str, list[str]]) -> list[str]:
    others = [other for other in sheets if other != name]
    if not others:
        return []
    return [
        _(
            "The sheet “%(name)s” is read. Not read: %(others)s. Choose another sheet, or "
            "all, with --sheet."
        )
        % {"name": name, "others": _(", ").join(others)}
    ]


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


def read_batches(
    source: Source, *, max_objects: int | None = None
) -> Iterator[rows.RowBatch]:
    """Yield the rows in the order of the file.

    With `max_objects` only so many of the first rows are wanted.
    """
    if source.format == chat_files.FORMAT:
        # Not from the sample, as the answers decide what it says.
        limit = max_objects
        if source.sample is not None:
            limit = len(source.sample.row_numbers) + len(source.sample.broken)
        with inspection.open_text(source.path, source.info) as stream:
            yield from chat_files.read_batches(
                stream, source.chat_format, source.chat_day, limit
            )
    elif source.sample is not None:
        yield source.sample
    elif source.format in SHEET_FORMATS and is_all_sheets(source):
        yield from xlsx_files.read_all_sheets(
            source.path, source.sheet_headings, source.headings
        )
    elif source.format in SHEET_FORMATS:
        yield from xlsx_files.read_batches(
            source.path, source.sheet, source.headings, source.heading_rows
        )
    elif source.format == "html":
        with inspection.open_text(source.path, source.info) as stream:
            limit = max_objects and max_objects + source.heading_rows
            table, _lines = html_files.read_table(stream, limit)
        first = source.heading_rows
        yield xlsx_files.to_batch(table[first:], first + 1, len(source.headings))
    elif source.format == "csv":
        with inspection.open_text(source.path, source.info) as stream:
            yield from csv_files.read_batches(
                stream,
                source.headings,
                source.delimiter,
                source.heading_rows,
                is_head=max_objects is not None,
            )
    else:
        objects = _read_objects(source.path, source.format, source.info)
        if max_objects is not None:
            objects = json_files.split_blocks(objects, max_objects)
        yield from json_files.parse_lines(objects, source.headings)


def is_all_sheets(source: Source) -> bool:
    return source.sheet == ALL_SHEETS and ALL_SHEETS not in source.sheet_headings


def read_head(source: Source, limit: int) -> rows.RowBatch:
    """Return the first `limit` rows, and the broken ones between them."""
    try:
        return _read_head(source, limit, max_objects=limit)
    except inspection.UnreadableFile:
        if source.format != "csv":
            raise
        # A row may be too long for the way in which few rows are read.
        return _read_head(source, limit)


def _read_head(
    source: Source, limit: int, max_objects: int | None = None
) -> rows.RowBatch:
    parts: list[rows.RowBatch] = []
    good = broken = 0
    # Stops as soon as there are enough rows, so that the head of a large file is fast,
    # and at as many broken rows, as a file may have no others.
    for batch in read_batches(source, max_objects=max_objects):
        head, _rest = rows.split(batch, min(limit - good, len(batch.row_numbers)))
        parts.append(head)
        good += len(head.row_numbers)
        broken += len(head.broken)
        if max(good, broken) >= limit:
            break
    return rows.concat(parts, len(source.headings))

"""Recognises what a file is by its content, whatever its name is."""

from __future__ import annotations

import zipfile
from pathlib import Path

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.importing.files import decompression, inspection

HEAD_BYTES = 4096
LABELS = {
    "csv": gettext_lazy("a text file with separators"),
    "xlsx": gettext_lazy("an .xlsx spreadsheet"),
    "xls": gettext_lazy("an old .xls spreadsheet"),
    "html": gettext_lazy("an HTML page"),
    "json": gettext_lazy("a JSON list"),
    "ndjson": gettext_lazy("JSON with one object per line"),
    "chat": gettext_lazy("a chat log"),
}
SUFFIXES = {
    "csv": (".csv", ".tsv", ".txt", ".tab", ".dat", ".log"),
    "xlsx": (".xlsx", ".xlsm"),
    "xls": (".xls", ".xlt"),
    "html": (".html", ".htm"),
    "json": (".json",),
    "ndjson": (".ndjson", ".jsonl", ".json"),
    "chat": (".txt", ".log", ".weechatlog", ".json", ".csv"),
}
HTML_STARTS = (b"<html", b"<!doctype html", b"<table", b"<meta", b"<head")
OTHER_KINDS = {
    b"%PDF": gettext_lazy("a PDF document"),
    b"\x89PNG": gettext_lazy("a picture"),
    b"\xff\xd8\xff": gettext_lazy("a picture"),
    b"GIF8": gettext_lazy("a picture"),
    b"Rar!": gettext_lazy("a RAR archive"),
    b"7z\xbc\xaf": gettext_lazy("a 7z archive"),
    b"SQLite format": gettext_lazy("an SQLite database"),
    b"PAR1": gettext_lazy("a Parquet file"),
}


def detect(path: Path) -> str:
    """Return the format; raises UnreadableFile for a file that is no table."""
    with path.open("rb") as file:
        magic = file.read(16)
    for start, label in OTHER_KINDS.items():
        if magic.startswith(start):
            raise inspection.UnreadableFile(
                _("This is %(kind)s. Save the table as .xlsx or CSV.") % {"kind": label}
            )
    if magic.startswith(b"\xd0\xcf\x11\xe0"):
        return "xls"
    compression = decompression.detect_compression(magic)
    if magic.startswith(b"PK\x03\x04"):
        if not decompression.find_zipped_text(path):
            return "xlsx"
        compression = "zip"
    with inspection.open_bytes(path, compression) as stream:
        head = stream.read(HEAD_BYTES).lstrip(b"\xef\xbb\xbf \t\r\n")
    start = head[:1000].lower()
    is_xml = start.startswith((b"<?xml", b"<workbook"))
    has_table = b"<html" in head.lower() or b"<table" in start
    if start.startswith(HTML_STARTS) or (is_xml and has_table):
        return "html"
    if is_xml:
        raise inspection.UnreadableFile(
            _("This is an XML file. Open it and save it as .xlsx or CSV.")
        )
    # Headings of a CSV file hardly ever begin with a bracket or a brace.
    if head.startswith(b"["):
        return "json"
    return "ndjson" if head.startswith(b"{") else "csv"


def list_suffixes() -> list[str]:
    """Return the suffixes of all files that can be read, those of archives included."""
    names = [name for names in SUFFIXES.values() for name in names]
    return list(dict.fromkeys([*names, ".zip", ".gz", ".xz"]))


def list_notes(path: Path, file_format: str) -> list[str]:
    """Return what the file is if its name claims something else."""
    suffix = path.suffix.lower()
    if zipfile.is_zipfile(path) and file_format != "xlsx" and suffix != ".zip":
        return [_("This is a ZIP archive. The file in it is read.")]
    known = {name for names in SUFFIXES.values() for name in names}
    if suffix not in known or suffix in SUFFIXES[file_format]:
        return []
    return [
        _("The file is named %(suffix)s, but it is %(kind)s. It is read as such.")
        % {"suffix": suffix, "kind": LABELS[file_format]}
    ]

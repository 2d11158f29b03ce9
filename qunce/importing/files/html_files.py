"""Reads the table of an HTML page, which many programs save under the name .xls."""

from __future__ import annotations

import html
import re
from typing import IO

from django.utils.translation import gettext as _

from qunce.importing.files import inspection, rows

MAX_BYTES = 64 << 20
MAX_SPAN = 1_000
TAG = re.compile(
    r"""<(?P<end>/?)(?P<name>[a-z][a-z0-9:-]{0,30}+)"""
    r"""(?P<attributes>(?:[^<>"']|"[^"]{0,9999}+"|'[^']{0,9999}+'){0,999}+)>"""
    # Declarations and what Excel writes as <![if …]> are no text.
    r"""|<[!?](?P<declaration>[^<>]{0,9999}+)>""",
    re.IGNORECASE,
)
COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
TABLE_START = re.compile(rb"<table\b", re.IGNORECASE)
ROW_START = re.compile(rb"<tr\b", re.IGNORECASE)
SPAN = re.compile(
    r"""\b(?P<name>colspan|rowspan)\s{0,9}=\s{0,9}["']?\s{0,9}(?P<number>[0-9]{1,6})""",
    re.IGNORECASE,
)
HIDDEN = {"script", "style", "title", "noframes"}
"""Elements whose text is not shown."""
LONG_REFERENCE = re.compile(r"&#[0-9]{8,}+;?")
"""Stands for no character, and takes long to find that out."""
Cell = tuple[str, int, int]
"""Its text, and how many columns and rows it spans."""


def read_table(
    stream: IO[bytes], limit: int | None = None
) -> tuple[list[list[str | None]], int]:
    """Return the cells of the page's longest table, and about how many rows it has.

    Of a page with one table only the first `limit` rows are returned. Raises
    UnreadableFile if there is no table.
    """
    content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise inspection.UnreadableFile(
            _("This HTML page is too large; save the table as .xlsx or CSV.")
        )
    starts = [match.start() for match in ROW_START.finditer(content)]
    # Which of several tables is the longest is known at their end.
    is_alone = len(TABLE_START.findall(content)) == 1
    if limit is not None and is_alone and len(starts) > limit:
        content = content[: starts[limit]]
    parser = _TableParser()
    parser.read(content.decode("utf-8", "replace"))
    tables = [table for table in parser.tables if table]
    if not tables:
        raise inspection.UnreadableFile(_("This is an HTML page without a table."))
    table = _spread(max(tables, key=len))
    return table, max(len(table), len(starts) if is_alone else 0)


def _spread(table: list[list[Cell]]) -> list[list[str | None]]:
    """Return rows of texts; a cell over several rows counts for each of them."""
    below: dict[int, tuple[int, str]] = {}
    grid = []
    for cells in table:
        texts: list[str | None] = []
        pending = list(cells)
        while pending or len(texts) in below:
            column = len(texts)
            if column in below:
                left, text = below.pop(column)
                if left > 1:
                    below[column] = left - 1, text
                texts.append(text or None)
                continue
            text, columns, height = pending.pop(0)
            if height > 1:
                below[column] = height - 1, text
            texts += [text or None, *([None] * (columns - 1))]
            if len(texts) > rows.MAX_COLUMNS:
                raise inspection.UnreadableFile(
                    _("More than %(most)d columns: this is not a table.")
                    % {"most": rows.MAX_COLUMNS}
                )
        grid.append(texts)
    return grid


class _TableParser:
    """Collects the cells of all tables of a page.

    Reads what tables need with a few regular expressions: Python's own parser takes time
    with the square of the size of some pages that nobody wrote by mistake.
    """

    def __init__(self) -> None:
        self.tables: list[list[list[Cell]]] = []
        self._text: list[str] | None = None
        self._spans = (1, 1)

    def read(self, page: str) -> None:
        end, hidden = 0, ""
        for tag in TAG.finditer(COMMENT.sub("", page)):
            name = (tag["name"] or "").lower()
            text = tag.string[end : tag.start()]
            if self._text is not None and text and not hidden:
                plain = LONG_REFERENCE.sub("\ufffd", text)
                self._text.append(html.unescape(plain))
            end = tag.end()
            if hidden:
                hidden = "" if tag["end"] and name == hidden else hidden
            elif tag["end"]:
                if name in ("td", "th", "tr", "table"):
                    self._end_cell()
            elif name in HIDDEN:
                hidden = name
            else:
                self._start_tag(name, tag["attributes"])
        self._end_cell()

    def _start_tag(self, name: str, attributes: str) -> None:
        if name == "table":
            self.tables.append([])
        elif name == "tr":
            self._end_cell()
            if self.tables:
                self.tables[-1].append([])
        elif name in ("td", "th") and self.tables:
            self._end_cell()
            spans = {
                span["name"].lower(): int(span["number"])
                for span in SPAN.finditer(attributes)
            }
            self._spans = _span(spans.get("colspan")), _span(spans.get("rowspan"))
            self._text = []
        elif name == "br" and self._text is not None:
            self._text.append("\n")

    def _end_cell(self) -> None:
        if self._text is None:
            return
        if not self.tables[-1]:
            self.tables[-1].append([])
        self.tables[-1][-1].append(("".join(self._text).strip(), *self._spans))
        self._text = None


def _span(number: int | None) -> int:
    return min(number or 1, MAX_SPAN)

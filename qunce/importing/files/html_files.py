"""Reads the table of an HTML page, which many programs save under the name .xls."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import IO

from django.utils.translation import gettext as _

from qunce.importing.files import inspection, rows

MAX_BYTES = 64 << 20
MAX_SPAN = 1_000
Cell = tuple[str, int, int]
"""Its text, and how many columns and rows it spans."""


def read_table(stream: IO[bytes]) -> list[list[str | None]]:
    """Return the cells of the page's longest table; raises UnreadableFile without one."""
    content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise inspection.UnreadableFile(
            _("This HTML page is too large; save the table as .xlsx or CSV.")
        )
    parser = _TableParser()
    parser.feed(content.decode("utf-8", "replace"))
    parser.close()
    tables = [table for table in parser.tables if table]
    if not tables:
        raise inspection.UnreadableFile(_("This is an HTML page without a table."))
    return _spread(max(tables, key=len))


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


class _TableParser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[list[Cell]]] = []
        self._text: list[str] | None = None
        self._spans = (1, 1)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self._end_cell()
            if self.tables:
                self.tables[-1].append([])
        elif tag in ("td", "th") and self.tables:
            self._end_cell()
            spans = dict(attrs)
            self._spans = _span(spans.get("colspan")), _span(spans.get("rowspan"))
            self._text = []
        elif tag == "br" and self._text is not None:
            self._text.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self._end_cell()

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def _end_cell(self) -> None:
        if self._text is None:
            return
        if not self.tables[-1]:
            self.tables[-1].append([])
        self.tables[-1][-1].append(("".join(self._text).strip(), *self._spans))
        self._text = None


def _span(text: str | None) -> int:
    return min(int(text), MAX_SPAN) if text and text.isdigit() and int(text) else 1

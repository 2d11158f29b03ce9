"""Downloads of tables as CSV or XLSX, of charts as SVG too, and of their specs as JSON."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from django.http import Http404, HttpResponse, JsonResponse

from qunce.core import csv_safety
from qunce.insight import charts
from qunce.insight.charts import Figure

TABLES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""Formats that every table can be had in → their types of content."""
MAX_CELL = 32_000
"""Characters that spreadsheets keep in a cell."""


def render_download(figure: Figure, file_format: str) -> HttpResponse:
    """Return the figure as "svg", "csv", "xlsx" or "json"."""
    if file_format == "json":
        return JsonResponse(figure.spec)
    if file_format == "svg":
        svg = charts.render_svg(figure)
        return _attachment(svg, "image/svg+xml", f"{figure.name}.svg")
    rows: list[Sequence[object]] = [figure.column_headings, *figure.rows]
    return render_table(rows, figure.name, file_format)


def render_table(
    rows: Iterable[Sequence[object]], name: str, file_format: str
) -> HttpResponse:
    """Return a table in one of the formats of TABLES."""
    if file_format not in TABLES:
        raise Http404
    write = to_csv if file_format == "csv" else to_xlsx
    return _attachment(write(rows), TABLES[file_format], f"{name}.{file_format}")


def to_csv(rows: Iterable[Sequence[object]]) -> str:
    """Return the rows with a byte order mark.

    Without the mark, spreadsheets misread Chinese.
    """
    text = io.StringIO()
    csv_safety.write_rows(text, rows)
    return "\ufeff" + text.getvalue()


def to_xlsx(rows: Iterable[Sequence[object]]) -> bytes:
    """Return the rows as a sheet: numbers as numbers, everything else as text."""
    # It takes a tenth of a second to load, which no other page needs.
    import xlsxwriter

    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as workbook:
        heading = workbook.add_format({"bold": True})
        sheet = workbook.add_worksheet()
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, 0, 28)
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                style = None if number else heading
                if isinstance(cell, int | float) and not isinstance(cell, bool):
                    sheet.write_number(number, column, cell, style)
                elif cell is not None:
                    # As a string, so that a name is never a formula.
                    sheet.write_string(number, column, str(cell)[:MAX_CELL], style)
    return file.getvalue()


def _attachment(text: str | bytes, content_type: str, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response

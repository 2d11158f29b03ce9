"""Downloads of a chart as SVG or CSV, and its Vega-Lite spec as JSON."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from django.http import Http404, HttpResponse, JsonResponse

from qunce.core import csv_safety
from qunce.insight import charts
from qunce.insight.charts import Figure


def render_download(figure: Figure, file_format: str) -> HttpResponse:
    """Return the figure as "svg", "csv" or "json"."""
    if file_format == "json":
        return JsonResponse(figure.spec)
    if file_format == "svg":
        svg = charts.render_svg(figure)
        return _attachment(svg, "image/svg+xml", f"{figure.name}.svg")
    if file_format == "csv":
        return render_table([figure.column_headings, *figure.rows], figure.name)
    raise Http404


def render_table(rows: Iterable[Sequence[object]], name: str) -> HttpResponse:
    """Return a table as CSV."""
    return _attachment(to_csv(rows), "text/csv; charset=utf-8", f"{name}.csv")


def to_csv(rows: Iterable[Sequence[object]]) -> str:
    """Return the rows with a byte order mark.

    Without the mark, spreadsheets misread Chinese.
    """
    text = io.StringIO()
    csv_safety.write_rows(text, rows)
    return "\ufeff" + text.getvalue()


def _attachment(text: str, content_type: str, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response

"""Downloads of a chart as SVG or CSV, and its Vega-Lite spec as JSON."""

from __future__ import annotations

import io

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
        text = to_csv(figure)
        return _attachment(text, "text/csv; charset=utf-8", f"{figure.name}.csv")
    raise Http404


def to_csv(figure: Figure) -> str:
    """Return the figure's table with a byte order mark.

    Without the mark, spreadsheets misread Chinese.
    """
    text = io.StringIO()
    csv_safety.write_rows(text, [figure.column_headings, *figure.rows])
    return "\ufeff" + text.getvalue()


def _attachment(text: str, content_type: str, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response

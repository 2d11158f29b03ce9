"""What every figure offers beside its drawing: the same as SVG, its numbers as CSV."""

from __future__ import annotations

import csv
import io

from django.http import Http404, HttpResponse, JsonResponse

from qunce.core.csv_safety import csv_safe
from qunce.insight import charts
from qunce.insight.charts import Figure


def render_download(figure: Figure, form: str) -> HttpResponse:
    """A figure as a file: `form` is svg or csv, or json for its spec."""
    if form == "json":
        return JsonResponse(figure.spec)
    if form == "svg":
        return _attachment(charts.render_svg(figure), "image/svg+xml", f"{figure.name}.svg")
    if form == "csv":
        return _attachment(to_csv(figure), "text/csv; charset=utf-8", f"{figure.name}.csv")
    raise Http404


def to_csv(figure: Figure) -> str:
    """With a byte order mark, without which spreadsheets misread Chinese."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([csv_safe(head) for head in figure.column_headings])
    writer.writerows(figure.rows)
    return "\ufeff" + text.getvalue()


def _attachment(text: str, kind: str, name: str) -> HttpResponse:
    answer = HttpResponse(text, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer

"""Pages of retention: the table of cohorts, and the people behind a number."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from qunce.console import http
from qunce.console.insight import chart_downloads, people_lists
from qunce.console.insight.retention import forms, presenters
from qunce.console.insight.retention.forms import RetentionForm
from qunce.core import errors, label_texts
from qunce.insight import breakdowns, heat_maps, retention
from qunce.insight.breakdowns import Breakdown


@require_GET
@http.page()
def table(request: http.Request) -> HttpResponse:
    """The table; as a file with `as`."""
    form = RetentionForm(request.GET, staff=request.staff)
    context: dict[str, Any] = {"form": form, "table": None, "error": ""}
    status = 200
    try:
        context |= _tables(request, form)
    except errors.QunceError as error:
        context["error"], status = str(error), 422
    file_format = request.GET.get("as")
    if file_format and not context["error"]:
        return _download(context, file_format)
    return http.render(
        request, "console/insight/retention.html", context, status=status
    )


def _tables(request: http.Request, form: RetentionForm) -> dict[str, Any]:
    query = form.query()
    asked: dict[str, Any] = {"query": query, "by": request.staff, "at": request.at}
    found = retention.compute(**asked)
    breakdown = breakdowns.parse(form.cleaned_data["by"])
    params = {name: str(form[name].value()) for name in forms.DEFAULTS}
    context: dict[str, Any] = {
        "table": found,
        "headings": presenters.headings(found),
        "rows": presenters.list_rows(found, params),
        "total": presenters.total_row(found, params),
        "start": retention.describe_start(query),
        "returning": retention.describe_return(query),
        "is_empty": not any(cohort.size for cohort in found.cohorts),
        "download": f"?{urlencode(params)}&as=",
        "lines": [],
    }
    if breakdown is not None:
        lines = retention.compare(breakdown=breakdown, **asked)
        context |= {
            "lines": presenters.list_lines(lines, found, params),
            "breakdown": breakdowns.label_of(breakdown, request.community),
            "shares_people": breakdowns.may_share_people(breakdown),
        }
    return context


def _download(context: dict[str, Any], file_format: str) -> HttpResponse:
    rows = [context["total"], *context["rows"], *context["lines"]]
    if file_format in chart_downloads.TABLES:
        head: list[object] = [_("Cohort"), _("People")]
        for heading in context["headings"]:
            head += [heading, _("%(period)s: of") % {"period": heading}]
        table_rows: list[list[object]] = [head]
        for row in rows:
            cells: list[object] = [row.label, row.size]
            for cell in row.cells:
                cells += [cell.people, cell.among] if cell else ["", ""]
            table_rows.append(cells)
        return chart_downloads.render_table(table_rows, "retention", file_format)
    if file_format == "svg":
        drawn = [
            _drawn(row.label, heading, cell)
            for row in rows
            for heading, cell in zip(context["headings"], row.cells, strict=False)
            if cell
        ]
        svg = heat_maps.render_svg(drawn, title=_("Retention"))
        response = HttpResponse(svg, content_type="image/svg+xml")
        response["Content-Disposition"] = 'attachment; filename="retention.svg"'
        return response
    raise Http404


def _drawn(row: str, heading: str, cell: presenters.ShownCell) -> heat_maps.Cell:
    if not cell.is_complete:
        return heat_maps.Cell(row, heading, f"{cell.people:,} *", None)
    return heat_maps.Cell(row, heading, cell.percent or f"{cell.people:,}", cell.tone)


@require_GET
@http.page()
def people(request: http.Request) -> HttpResponse:
    """The people behind a number of the table or of a part of its break-down."""
    form = RetentionForm(request.GET, staff=request.staff)
    query = form.query()
    cohort = _number(request, "cohort", 60)
    period = _number(request, "periods", 60) or 0
    part = None
    breakdown = breakdowns.parse(form.cleaned_data["by"])
    if breakdown is not None and "part" in request.GET:
        part = _part(request, breakdown)
    found = retention.find_people(
        query=query,
        cohort=cohort,
        period=period,
        by=request.staff,
        at=request.at,
        part=part,
    )
    title = retention.describe_start(query)
    if period:
        later = presenters.period_label(query.period, period)
        title = _("%(start)s, %(later)s") % {"start": title, "later": later}
    params = {name: str(form[name].value()) for name in forms.DEFAULTS}
    return people_lists.render(
        request,
        title=label_texts.with_label(part.label, title) if part else title,
        people=list(found),
        back=f"{reverse('insight:retention')}?{urlencode(params)}",
        back_label=_("Retention"),
        note=retention.describe_return(query) if period else "",
    )


def _part(request: http.Request, breakdown: Breakdown) -> breakdowns.Part:
    return breakdowns.find_part(
        breakdown, request.GET["part"], by=request.staff, at=request.at
    )


def _number(request: http.Request, name: str, most: int) -> int | None:
    text = request.GET.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= most):
        raise errors.Invalid(_("“%(name)s” is a number.") % {"name": name})
    return int(text)

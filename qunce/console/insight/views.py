"""Metrics of the community, each with a chart, a table and its definition."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from qunce.console import http
from qunce.console.insight import chart_downloads
from qunce.core import permissions
from qunce.importing.jobs import access
from qunce.insight import metric_definitions, period_comparison
from qunce.insight.metric_definitions import Subject
from qunce.insight.period_comparison import Comparison

SPAN_CHOICES = (7, 28, 84)


def parse_span(request: http.Request) -> int:
    """Return the number of days to compare, from the URL."""
    text = request.GET.get("days", "")
    is_number = text.isascii() and text.isdigit() and len(text) < 9
    days = int(text) if is_number else period_comparison.DEFAULT_SPAN
    return days if days in SPAN_CHOICES else period_comparison.DEFAULT_SPAN


@http.page()
def metric_list(request: http.Request) -> HttpResponse:
    span = parse_span(request)
    comparisons = period_comparison.compare_community(
        community=request.community, by=request.staff, at=request.at, span=span
    )
    spans = [
        (days, _("%(n)s days") % {"n": days}, days == span) for days in SPAN_CHOICES
    ]
    sections = [
        _section(subject, list(numbers), span)
        for subject, numbers in groupby(comparisons, lambda one: one.metric.subject)
    ]
    context = {
        "sections": sections,
        "spans": spans,
        "span": span,
        "may_import": permissions.may(request.staff, access.IMPORT),
    }
    return http.render(request, "console/insight/metrics.html", context)


def _section(
    subject: Subject, comparisons: list[Comparison], span: int
) -> dict[str, Any]:
    """Return a subject with its numbers and the URLs of their charts."""
    return {
        "subject": subject,
        "is_empty": all(comparison.is_empty for comparison in comparisons),
        "numbers": [
            (
                comparison,
                f"{reverse('insight:chart', args=[comparison.metric.name])}?days={span}&as=",
            )
            for comparison in comparisons
        ],
    }


@http.page()
def metric_chart(request: http.Request, name: str) -> HttpResponse:
    if name not in metric_definitions.list_names(metric_definitions.COMMUNITY):
        raise Http404
    (comparison,) = period_comparison.compare_community(
        community=request.community,
        by=request.staff,
        at=request.at,
        names=[name],
        span=parse_span(request),
    )
    file_format = request.GET.get("as", "json")
    return chart_downloads.render_download(comparison.figure, file_format)

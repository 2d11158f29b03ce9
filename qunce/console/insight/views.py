"""Metrics of the community, each with a chart, a table and its definition."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from qunce.console import http
from qunce.console.insight import chart_downloads, presenters
from qunce.console.insight.findings import presenters as finding_presenters
from qunce.console.insight.goals import presenters as goal_presenters
from qunce.console.notebook import benchmarks
from qunce.console.today import numbers
from qunce.core import community_days, permissions
from qunce.importing.jobs import access
from qunce.insight import metric_definitions, period_comparison
from qunce.insight.findings import daily
from qunce.insight.metric_definitions import COMMUNITY, Grain, Place, Subject
from qunce.insight.period_comparison import Comparison
from qunce.insight.reports import results

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
    query = period_comparison.create_query(
        community=request.community, by=request.staff, at=request.at, span=span
    )
    comparisons = period_comparison.compare_community(
        community=request.community,
        by=request.staff,
        at=request.at,
        names=[
            metric.name
            for metric in metric_definitions.list_all(COMMUNITY)
            if Place.OVERVIEW in metric.places and metric.grain is not Grain.SPAN
        ],
        span=span,
        query=query,
    )
    spans = [
        (days, _("%(n)s days") % {"n": days}, days == span) for days in SPAN_CHOICES
    ]
    sections = [
        _section(subject, list(own), span)
        for subject, own in groupby(comparisons, lambda one: one.metric.subject)
    ]
    context = {
        **finding_presenters.context_of(
            daily.load(by=request.staff, at=request.at), request
        ),
        "headlines": numbers.compare_yesterday(
            request.staff, at=request.at, names=results.LINES, query=query
        ),
        "yesterday": community_days.to_date(request.community.day(request.at) - 1),
        "goals": goal_presenters.list_running(request),
        "ratios": presenters.ratio_rows(query, span),
        "benchmarks": benchmarks.by_metric(request.staff),
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
                presenters.members_url(comparison.rule),
            )
            for comparison in comparisons
        ],
    }


@http.page()
def metric_chart(request: http.Request, name: str) -> HttpResponse:
    if name not in metric_definitions.list_names(COMMUNITY):
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

"""The numbers of the community, each with its chart, its table and what it means."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from qunce.console import chart_downloads, http
from qunce.insight import metric_definitions, period_comparison

SPAN_CHOICES = (7, 28, 84)


def parse_span(request: http.Request) -> int:
    """How many days are compared with as many before, from the address."""
    asked = request.GET.get("days", "")
    chosen = (
        int(asked)
        if asked.isascii() and asked.isdigit()
        else period_comparison.DEFAULT_SPAN
    )
    return chosen if chosen in SPAN_CHOICES else period_comparison.DEFAULT_SPAN


@http.page()
def metric_list(request: http.Request) -> HttpResponse:
    chosen = parse_span(request)
    numbers = period_comparison.compare_community(
        community=request.community, by=request.staff, at=request.at, span=chosen
    )
    spans = [(each, _("%(n)s days") % {"n": each}, each == chosen) for each in SPAN_CHOICES]
    with_files = [
        (
            number,
            f"{reverse('insight:chart', args=[number.metric.name])}?days={chosen}&as=",
        )
        for number in numbers
    ]
    context = {"numbers": with_files, "spans": spans, "span": chosen}
    return http.render(request, "console/insight/numbers.html", context)


@http.page()
def metric_chart(request: http.Request, name: str) -> HttpResponse:
    if name not in metric_definitions.list_names(metric_definitions.COMMUNITY):
        raise Http404
    (number,) = period_comparison.compare_community(
        community=request.community,
        by=request.staff,
        at=request.at,
        names=[name],
        span=parse_span(request),
    )
    return chart_downloads.render_download(number.figure, request.GET.get("as", "json"))

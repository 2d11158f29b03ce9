"""The numbers of the community, each with its chart, its table and what it means."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from qunce.console import entry, figures
from qunce.insight import comparing, metrics

SPANS = (7, 28, 84)


def span(request: entry.Request) -> int:
    """How many days are compared with as many before, from the address."""
    asked = request.GET.get("days", "")
    chosen = int(asked) if asked.isascii() and asked.isdigit() else comparing.SPAN
    return chosen if chosen in SPANS else comparing.SPAN


@entry.page()
def page(request: entry.Request) -> HttpResponse:
    chosen = span(request)
    numbers = comparing.of_community(
        community=request.community, by=request.operator, at=request.at, span=chosen
    )
    spans = [(each, _("%(n)s days") % {"n": each}, each == chosen) for each in SPANS]
    with_files = [
        (
            number,
            f"{reverse('insight:chart', args=[number.term.name])}?days={chosen}&as=",
        )
        for number in numbers
    ]
    context = {"numbers": with_files, "spans": spans, "span": chosen}
    return entry.render(request, "console/insight/numbers.html", context)


@entry.page()
def chart(request: entry.Request, name: str) -> HttpResponse:
    if name not in metrics.OF_COMMUNITY:
        raise Http404
    (number,) = comparing.of_community(
        community=request.community,
        by=request.operator,
        at=request.at,
        names=[name],
        span=span(request),
    )
    return figures.answer(number.figure, request.GET.get("as", "json"))

"""The page of findings: open ones, and what became of earlier ones."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.views.decorators.http import require_GET

from qunce.console import http, paging
from qunce.console.insight.findings import presenters
from qunce.insight.findings import daily, decisions
from qunce.insight.findings.models import Decided

PAGE_SIZE = 20


@require_GET
@http.page()
def finding_list(request: http.Request) -> HttpResponse:
    found = daily.load(by=request.staff, at=request.at)
    chosen = request.GET.get("decided", "")
    rows = decisions.list_visible(request.staff)
    if chosen in Decided.values:
        rows = rows.filter(decided=chosen)
    pages = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        **presenters.context_of(found, request),
        "history": [presenters.decision_row(row, request) for row in pages],
        "chosen": chosen,
        "choices": Decided.choices,
        "next": paging.link(request, page=pages.number + 1) if pages.has_next() else "",
        "first": paging.link(request, page=None) if pages.number > 1 else "",
    }
    return http.render(request, "console/insight/findings/list.html", context)

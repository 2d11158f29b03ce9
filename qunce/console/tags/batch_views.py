"""What was tagged at once: who, when, from where, how many, and taking it back."""

from __future__ import annotations

from django.http import HttpResponse

from qunce.console import http, paging
from qunce.console.tags import presenters
from qunce.members.tags import assignments

BATCH_PAGE_SIZE = 50


@http.page()
def batch_list(request: http.Request) -> HttpResponse:
    before, every = paging.number(request, "before"), request.GET.get("all") == "1"
    but = () if every else presenters.AUTOMATIC_SOURCES
    found = assignments.list_batches(
        request.staff, before=before, limit=BATCH_PAGE_SIZE + 1, exclude_sources=but
    )
    more = len(found) > BATCH_PAGE_SIZE
    context = {
        "batches": presenters.batch_rows(found[:BATCH_PAGE_SIZE], request.staff),
        "every": every,
        "next": paging.link(request, before=found[BATCH_PAGE_SIZE - 1].pk) if more else "",
        "first": paging.link(request, before=None) if before else "",
    }
    return http.render(request, "console/tags/batches.html", context)

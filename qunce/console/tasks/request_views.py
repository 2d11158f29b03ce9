"""Requests for staff tasks: the list with who is missing, the form, and one request."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qunce.console import http, paging
from qunce.console.tasks import presenters
from qunce.console.tasks.forms import RequestForm
from qunce.core import errors
from qunce.outreach.campaigns import campaigns
from qunce.outreach.tasks import kinds, requests, staff_tasks

PAGE_SIZE = 40
MAX_PAGES = 10_000


@require_GET
@http.page(campaigns.MANAGE)
def request_list(request: http.Request) -> HttpResponse:
    state = "done" if request.GET.get("state") == "done" else "open"
    rows = staff_tasks.list_requests(request.staff)
    rows = rows.filter(state="open") if state == "open" else rows.exclude(state="open")
    page = max(min(paging.parse_number(request, "page", 1), MAX_PAGES), 1)
    found = list(rows.order_by("-pk")[(page - 1) * PAGE_SIZE : page * PAGE_SIZE + 1])
    context = {
        "rows": [presenters.request_row(request, row) for row in found[:PAGE_SIZE]],
        "finished": state == "done",
        "next": paging.link(request, page=page + 1) if len(found) > PAGE_SIZE else "",
    }
    return http.render(request, "console/tasks/request_list.html", context)


@require_http_methods(["GET", "POST"])
@http.page(campaigns.MANAGE)
def request_create(request: http.Request) -> HttpResponse:
    """First the kinds, then the form of the chosen one."""
    chosen = request.GET.get("kind", "")
    if not chosen:
        context: dict[str, Any] = {"kinds": kinds.list_requestable()}
        return http.render(request, "console/tasks/kinds.html", context)
    kind = kinds.get(chosen)
    form = RequestForm(request, kind, request.POST or None)
    if form.is_valid():
        try:
            created = requests.create(
                draft=form.draft(), by=request.staff, at=request.at
            )
        except errors.QunceError as error:
            form.add_refusal(error)
        else:
            http.flash(request, _("“%(title)s” is assigned.") % {"title": created})
            url = reverse("tasks:request-detail", args=[created.pk])
            return http.redirect_back(request, url)
    context = {"form": form, "kind": kind}
    status = 422 if form.errors else 200
    template = "console/tasks/request_form.html"
    return http.render(request, template, context, status=status)


@require_GET
@http.page()
def request_detail(request: http.Request, pk: int) -> HttpResponse:
    row = staff_tasks.get_request(by=request.staff, pk=pk)
    context = presenters.request_context(request, row)
    return http.render(request, "console/tasks/request_detail.html", context)


@require_POST
@http.page(campaigns.MANAGE)
def cancel_request(request: http.Request, pk: int) -> HttpResponse:
    row = staff_tasks.get_request(by=request.staff, pk=pk)
    requests.cancel(request=row, by=request.staff, at=request.at)
    http.flash(request, _("Cancelled. What is done stays recorded."))
    return http.redirect_back(request, reverse("tasks:request-detail", args=[pk]))

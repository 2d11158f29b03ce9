"""Staff tasks: mine, and for who oversees them those of all."""

from __future__ import annotations

from django.db.models import F, QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http, paging
from qunce.console.outreach import presenters
from qunce.core import errors, permissions, timestamps
from qunce.outreach.campaigns import campaigns
from qunce.outreach.sending import assisted_sending
from qunce.outreach.sending import tasks as rows_of
from qunce.outreach.sending.tasks import Task

PAGE_SIZE = 50
MAX_TASK_PAGES = 10_000


@http.page()
def task_list(request: http.Request) -> HttpResponse:
    oversees = permissions.may(request.staff, campaigns.OVERSEE_TASKS)
    show_all = oversees and request.GET.get("of") == "all"
    over = request.GET.get("state") == "done"
    found = rows_of.list_visible(request.staff)
    if not show_all:
        found = found.filter(staff=request.staff)
    found = found.filter(finished_at__isnull=not over)
    page = max(min(paging.parse_number(request, "page", 1), MAX_TASK_PAGES), 1)
    ordered = (
        found.order_by("-finished_at", "-pk")
        if over
        else found.order_by(F("due_at").asc(nulls_last=True), "pk")
    )
    some = list(ordered[(page - 1) * PAGE_SIZE : page * PAGE_SIZE + 1])
    context = {
        "rows": presenters.task_rows(request, some[:PAGE_SIZE]),
        "show_all": show_all,
        "oversees": oversees,
        "over": over,
        "total": found.count(),
        "late": _count_late(request, found) if not over else 0,
        "next": paging.link(request, page=page + 1) if len(some) > PAGE_SIZE else "",
    }
    template, part = "console/outreach/tasks.html", "console/outreach/_tasks.html"
    return http.render(request, template, context, part=part)


def _count_late(request: http.Request, found: QuerySet[Task]) -> int:
    return found.filter(due_at__lt=timestamps.to_micros(request.at)).count()


@require_POST
@http.page(campaigns.DO_TASKS)
def hand_over(request: http.Request, pk: int) -> HttpResponse:
    task = rows_of.get(by=request.staff, pk=pk)
    chosen = request.POST.get("to", "")
    staff = {
        str(one.pk): one for one in campaigns.list_assignable_staff(request.community)
    }
    if chosen not in staff:
        raise errors.Invalid(_("Choose a staff member to hand over to."))
    to = staff[chosen]
    moved = assisted_sending.hand_over(
        task=task, to=to, by=request.staff, at=request.at
    )
    http.flash(
        request,
        _("Messages handed over to %(name)s: %(n)s.")
        % {"n": f"{moved:,}", "name": to.name},
    )
    if permissions.may(request.staff, campaigns.OVERSEE_TASKS):
        return http.redirect_back(
            request, reverse("outreach:campaign-detail", args=[task.campaign_id])
        )
    return http.redirect_back(request, reverse("outreach:task-list"))

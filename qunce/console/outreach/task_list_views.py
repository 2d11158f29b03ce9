"""Staff tasks: one's own, and those of all staff for users who oversee them."""

from __future__ import annotations

from django.db.models import F
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http, paging
from qunce.console.outreach import presenters
from qunce.core import errors, permissions, timestamps
from qunce.outreach.campaigns import campaigns
from qunce.outreach.sending import assisted_sending
from qunce.outreach.sending import tasks as staff_tasks

PAGE_SIZE = 50
MAX_TASK_PAGES = 10_000


@http.page()
def task_list(request: http.Request) -> HttpResponse:
    oversees = permissions.may(request.staff, campaigns.OVERSEE_TASKS)
    show_all = oversees and request.GET.get("of") == "all"
    finished = request.GET.get("state") == "done"
    matching = staff_tasks.list_visible(request.staff)
    if not show_all:
        matching = matching.filter(staff=request.staff)
    matching = matching.filter(finished_at__isnull=not finished)
    page = max(min(paging.parse_number(request, "page", 1), MAX_TASK_PAGES), 1)
    ordered = (
        matching.order_by("-finished_at", "-pk")
        if finished
        else matching.order_by(F("due_at").asc(nulls_last=True), "pk")
    )
    page_rows = list(ordered[(page - 1) * PAGE_SIZE : page * PAGE_SIZE + 1])
    now = timestamps.to_micros(request.at)
    context = {
        "rows": presenters.task_rows(request, page_rows[:PAGE_SIZE]),
        "show_all": show_all,
        "oversees": oversees,
        "finished": finished,
        "total": matching.count(),
        "late": 0 if finished else matching.filter(due_at__lt=now).count(),
        "next": paging.link(request, page=page + 1)
        if len(page_rows) > PAGE_SIZE
        else "",
    }
    template, part = (
        "console/outreach/task_list.html",
        "console/outreach/_task_rows.html",
    )
    return http.render(request, template, context, part=part)


@require_POST
@http.page(campaigns.DO_TASKS)
def hand_over(request: http.Request, pk: int) -> HttpResponse:
    task = staff_tasks.get(by=request.staff, pk=pk)
    staff_id = request.POST.get("to", "")
    staff = {
        str(member.pk): member
        for member in campaigns.list_assignable_staff(request.community)
    }
    if staff_id not in staff:
        raise errors.Invalid(_("Choose a staff member to hand over to."))
    assignee = staff[staff_id]
    expected = request.POST.get("expected", "")
    try:
        moved = assisted_sending.hand_over(
            task=task,
            to=assignee,
            by=request.staff,
            at=request.at,
            expected=int(expected)
            if expected.isascii() and expected.isdigit()
            else None,
        )
    except assisted_sending.HandOverChanged as error:
        http.flash(request, str(error), level="bad")
        url = reverse("outreach:task-detail", args=[task.pk])
        return http.redirect_back(request, url)
    http.flash(
        request,
        _("Messages handed over to %(name)s: %(n)s.")
        % {"n": f"{moved:,}", "name": assignee.name},
    )
    if permissions.may(request.staff, campaigns.OVERSEE_TASKS):
        return http.redirect_back(
            request, reverse("outreach:campaign-detail", args=[task.campaign_id])
        )
    return http.redirect_back(request, reverse("outreach:task-list"))

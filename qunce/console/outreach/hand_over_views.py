"""Handing over what is left of a staff member's share of a campaign."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.core import errors, permissions
from qunce.outreach import task_permissions
from qunce.outreach.sending import assisted_sending, campaign_tasks


@require_POST
@http.page(task_permissions.DO_TASKS)
def hand_over(request: http.Request, pk: int) -> HttpResponse:
    task = campaign_tasks.get(by=request.staff, pk=pk)
    staff_id = request.POST.get("to", "")
    staff = {
        str(member.pk): member
        for member in task_permissions.list_assignable_staff(request.community)
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
            if expected.isascii() and expected.isdigit() and len(expected) < 10
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
    if permissions.may(request.staff, task_permissions.OVERSEE_TASKS):
        return http.redirect_back(
            request, reverse("outreach:campaign-detail", args=[task.campaign_id])
        )
    return http.redirect_back(request, reverse("tasks:task-list"))

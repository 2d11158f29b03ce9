"""Notices of playbooks to the staff member, and their tasks in groups."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from qunce.console import http
from qunce.console.playbooks import presenters
from qunce.groups.groups import Group
from qunce.outreach import task_permissions
from qunce.outreach.playbooks import staff_notices


@require_GET
@http.page(task_permissions.DO_TASKS)
def notice_list(request: http.Request) -> HttpResponse:
    shown = staff_notices.list_open(by=request.staff, at=request.at)
    groups = Group.objects.filter(
        community=request.community,
        pk__in=[notice.target_id for notice in shown if notice.is_group],
    )
    group_names = dict(groups.values_list("pk", "name"))
    members = [notice.target_id for notice in shown if not notice.is_group]
    names = presenters.member_names(members, request)
    context = {
        "rows": [
            (
                notice,
                (group_names if notice.is_group else names).get(notice.target_id, ""),
                notice.is_late(request.at),
            )
            for notice in shown
        ]
    }
    return http.render(request, "console/playbooks/notice_list.html", context)


@require_POST
@http.page(task_permissions.DO_TASKS)
def mark_done(request: http.Request, pk: int) -> HttpResponse:
    notice = staff_notices.get(by=request.staff, pk=pk)
    staff_notices.mark_done(notice=notice, by=request.staff, at=request.at)
    http.flash(request, _("Done.") if notice.due_at else _("Seen."))
    return http.redirect_back(request, reverse("playbooks:notice-list"))

"""Staff tasks of every kind by due time: one's own, and those of all for overseers."""

from __future__ import annotations

from django.http import HttpResponse

from qunce.console import http, paging
from qunce.console.tasks import task_rows
from qunce.core import permissions
from qunce.outreach import task_permissions

PAGE_SIZE = 50
MAX_TASK_PAGES = 10_000


@http.page()
def task_list(request: http.Request) -> HttpResponse:
    oversees = permissions.may(request.staff, task_permissions.OVERSEE_TASKS)
    show_all = oversees and request.GET.get("of") == "all"
    finished = request.GET.get("state") == "done"
    page = max(min(paging.parse_number(request, "page", 1), MAX_TASK_PAGES), 1)
    found = task_rows.list_tasks(
        request.staff, request.at, of_all=show_all, finished=finished
    )
    page_ids = found.ids[(page - 1) * PAGE_SIZE : page * PAGE_SIZE + 1]
    context = {
        "rows": task_rows.load(request, page_ids[:PAGE_SIZE]),
        "show_all": show_all,
        "oversees": oversees,
        "finished": finished,
        "total": len(found.ids),
        "late": found.late,
        "next": paging.link(request, page=page + 1)
        if len(page_ids) > PAGE_SIZE
        else "",
    }
    template, part = (
        "console/tasks/task_list.html",
        "console/tasks/_task_rows.html",
    )
    return http.render(request, template, context, part=part)

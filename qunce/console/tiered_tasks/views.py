"""The page of a tiered task: each tier with its rule, and who has reached it."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from qunce.activities.activities import activities
from qunce.activities.kinds import tiered_task
from qunce.console import http
from qunce.console.activities import presenters as activity_presenters
from qunce.console.tiered_tasks import presenters


@require_GET
@http.page(activities.RUN)
def task_detail(request: http.Request, pk: int) -> HttpResponse:
    activity = activities.get(by=request.staff, pk=pk)
    if activity.kind != tiered_task.KEY:
        raise activities.not_found()
    context = activity_presenters.heading(activity, request)
    context["rows"] = presenters.rows(activity, by=request.staff, at=request.at)
    return http.render(request, "console/tiered_tasks/detail.html", context)

"""The page of a poll: the votes for each option, how many may vote, and the tags."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from qunce.activities.activities import activities
from qunce.activities.kinds import poll
from qunce.console import http
from qunce.console.activities import presenters as activity_presenters
from qunce.console.polls import presenters


@require_GET
@http.page(activities.RUN)
def poll_detail(request: http.Request, pk: int) -> HttpResponse:
    activity = activities.get(by=request.staff, pk=pk)
    if activity.kind != poll.KEY:
        raise activities.not_found()
    context = activity_presenters.heading(activity, request)
    context |= presenters.votes(activity, by=request.staff, at=request.at)
    return http.render(request, "console/polls/detail.html", context)

"""The page of a live session: run it, and read what became of it."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from qunce.activities.activities import activities
from qunce.activities.activities.models import Activity
from qunce.activities.live_sessions import sessions
from qunce.console import http
from qunce.console.live_sessions import presenters


def get_session(request: http.Request, pk: int) -> Activity:
    """The published live session with this number; another activity has no such page."""
    activity = activities.get(by=request.staff, pk=pk)
    sessions.check_live_session(activity)
    return activity


@require_GET
@http.page(activities.RUN)
def detail(request: http.Request, pk: int) -> HttpResponse:
    return render(request, get_session(request, pk))


def render(
    request: http.Request,
    activity: Activity,
    *,
    problem: str = "",
    pasted: str = "",
    status: int = 200,
) -> HttpResponse:
    """With the problem of names that were pasted, which stay in their field."""
    context = presenters.detail(activity, request)
    context |= {"problem": problem, "pasted": pasted}
    return http.render(
        request, "console/live_sessions/detail.html", context, status=status
    )

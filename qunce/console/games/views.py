"""The page of a game: its questions, the answers in their order, and the best."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from qunce.activities.activities import activities
from qunce.activities.activities.models import Activity
from qunce.activities.games import rules
from qunce.console import http, paging
from qunce.console.activities import presenters as activity_presenters
from qunce.console.games import presenters


def get_game(request: http.Request, pk: int) -> Activity:
    """An activity that is a game. Raises ActivityNotFound."""
    activity = activities.get(by=request.staff, pk=pk)
    if activity.kind not in rules.KINDS:
        raise activities.not_found()
    return activity


@require_GET
@http.page(activities.RUN)
def game_detail(request: http.Request, pk: int) -> HttpResponse:
    """One question with its answers; the newest one unless another is asked for."""
    activity = get_game(request, pk)
    number = paging.parse_number(request, "round", maximum=10_000) or None
    context = activity_presenters.heading(activity, request)
    context |= presenters.game(activity, request, number=number)
    return http.render(request, "console/games/detail.html", context)

"""The leaderboard of a period, and leaving it, which ends on the member's own page."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from qunce.activities.points import phrases
from qunce.portal import http
from qunce.portal.points import actions
from qunce.portal.visitors import rungs
from qunce.portal.visitors.rungs import Rung


@require_safe
@http.page()
def leaderboard(request: http.Request) -> HttpResponse:
    """The first places of the current day, week or month, or of all time."""
    # Loads NumPy and bitmaps, which commands that only know the page do not need.
    from qunce.portal.points import presenters

    rungs.require(request.visitor, Rung.CHANNEL)
    kind = request.GET.get("period", "")
    kind = kind if kind in phrases.PERIODS else "month"
    content = presenters.leaderboard_of(request.visitor, request.at, kind)
    if content is None:
        raise http.PageNotFound(_("There is no such page."))
    return http.render(request, "portal/points/leaderboard.html", {"content": content})


def _back(request: http.Request) -> HttpResponse:
    return http.redirect(f"{http.local_path(request, '')}me#leaderboard")


@require_POST
@http.page()
def leave_leaderboard(request: http.Request) -> HttpResponse:
    actions.leave_leaderboard(visitor=request.visitor, at=request.at)
    return _back(request)


@require_POST
@http.page()
def join_leaderboard(request: http.Request) -> HttpResponse:
    actions.join_leaderboard(visitor=request.visitor, at=request.at)
    return _back(request)

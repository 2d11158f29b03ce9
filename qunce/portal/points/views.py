"""Leaving the leaderboard and coming back; both end on the member's own page."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from qunce.portal import http
from qunce.portal.points import actions


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

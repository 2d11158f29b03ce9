"""Actions on goals: archive and restore."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.insight.goals import goals


@require_POST
@http.page(goals.EDIT)
def archive(request: http.Request, goal_pk: int) -> HttpResponse:
    goal = goals.get(by=request.staff, pk=goal_pk)
    goals.archive(goal=goal, by=request.staff, at=request.at)
    http.flash(
        request, _("Archived."), undo=reverse("insight:goal-restore", args=[goal_pk])
    )
    return http.redirect_back(request, reverse("insight:goals"))


@require_POST
@http.page(goals.EDIT)
def restore(request: http.Request, goal_pk: int) -> HttpResponse:
    goal = goals.get(by=request.staff, pk=goal_pk)
    goals.restore(goal=goal, by=request.staff, at=request.at)
    http.flash(request, _("Restored."))
    return http.redirect_back(request, reverse("insight:goal", args=[goal_pk]))

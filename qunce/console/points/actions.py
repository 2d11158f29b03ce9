"""Actions on rules of points, approvals and the leaderboard."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.activities.points import adjustments, leaderboard, point_facts, rules
from qunce.console import http


def _act(request: http.Request, verb: Callable[[], str], url: str) -> HttpResponse:
    http.flash_outcome(request, verb)
    return http.redirect_back(request, url)


@require_POST
@http.page(point_facts.MANAGE)
def start(request: http.Request, pk: int) -> HttpResponse:
    def verb() -> str:
        rule = rules.get(by=request.staff, pk=pk)
        rules.switch_on(rule=rule, by=request.staff, at=request.at)
        return _("Members earn by this rule from now on.")

    return _act(request, verb, reverse("points:detail", args=[pk]))


@require_POST
@http.page(point_facts.MANAGE)
def stop(request: http.Request, pk: int) -> HttpResponse:
    def verb() -> str:
        rule = rules.get(by=request.staff, pk=pk)
        rules.switch_off(rule=rule, by=request.staff, at=request.at)
        return _("Switched off. Members keep their points.")

    return _act(request, verb, reverse("points:detail", args=[pk]))


@require_POST
@http.page(point_facts.MANAGE)
def archive(request: http.Request, pk: int) -> HttpResponse:
    def verb() -> str:
        rule = rules.get(by=request.staff, pk=pk)
        rules.archive(rule=rule, by=request.staff, at=request.at)
        return _("Archived. Members keep their points.")

    return _act(request, verb, reverse("points:list"))


@require_POST
@http.page(point_facts.ADJUST)
def approve(request: http.Request, pk: int) -> HttpResponse:
    def verb() -> str:
        row = adjustments.get(by=request.staff, pk=pk, at=request.at)
        adjustments.approve(adjustment=row, by=request.staff, at=request.at)
        return _("Approved and written.")

    return _act(request, verb, reverse("points:approvals"))


@require_POST
@http.page(point_facts.ADJUST)
def decline(request: http.Request, pk: int) -> HttpResponse:
    def verb() -> str:
        row = adjustments.get(by=request.staff, pk=pk, at=request.at)
        adjustments.decline(adjustment=row, by=request.staff, at=request.at)
        return _("Declined. Nothing is written.")

    return _act(request, verb, reverse("points:approvals"))


@require_POST
@http.page(point_facts.ADJUST)
def opt_out(request: http.Request, pk: int) -> HttpResponse:
    def verb() -> str:
        leaderboard.opt_out(account_id=pk, by=request.staff, at=request.at)
        return _("The member is on no leaderboard.")

    return _act(request, verb, reverse("points:member", args=[pk]))


@require_POST
@http.page(point_facts.ADJUST)
def opt_in(request: http.Request, pk: int) -> HttpResponse:
    def verb() -> str:
        leaderboard.opt_in(account_id=pk, by=request.staff, at=request.at)
        return _("The member is on the leaderboard again.")

    return _act(request, verb, reverse("points:member", args=[pk]))

"""Actions on levels, badges and memberships."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.activities.levels import badges, level_facts, memberships, schemes
from qunce.console import http


def act(request: http.Request, verb: Callable[[], str], url: str) -> HttpResponse:
    """Call a verb and show its text, or why it was refused, on the page it leads to."""
    http.flash_outcome(request, verb)
    return http.redirect_back(request, url)


@require_POST
@http.page(level_facts.MANAGE)
def start(request: http.Request) -> HttpResponse:
    def verb() -> str:
        schemes.switch_on(community=request.community, by=request.staff, at=request.at)
        return _("Members have levels from now on.")

    return act(request, verb, reverse("levels:list"))


@require_POST
@http.page(level_facts.MANAGE)
def stop(request: http.Request) -> HttpResponse:
    def verb() -> str:
        schemes.switch_off(community=request.community, by=request.staff, at=request.at)
        return _("Switched off. Members have no level; points and badges stay.")

    return act(request, verb, reverse("levels:list"))


@require_POST
@http.page(level_facts.MANAGE)
def start_badge(request: http.Request, pk: int) -> HttpResponse:
    def verb() -> str:
        badge = badges.get(by=request.staff, pk=pk)
        badges.switch(badge=badge, is_on=True, by=request.staff, at=request.at)
        return _("Members whom the rule describes get it within 15 minutes.")

    return act(request, verb, reverse("levels:badge", args=[pk]))


@require_POST
@http.page(level_facts.MANAGE)
def stop_badge(request: http.Request, pk: int) -> HttpResponse:
    def verb() -> str:
        badge = badges.get(by=request.staff, pk=pk)
        badges.switch(badge=badge, is_on=False, by=request.staff, at=request.at)
        return _("Switched off. Members keep the badge.")

    return act(request, verb, reverse("levels:badge", args=[pk]))


@require_POST
@http.page(level_facts.MANAGE)
def archive_badge(request: http.Request, pk: int) -> HttpResponse:
    def verb() -> str:
        badge = badges.get(by=request.staff, pk=pk)
        badges.archive(badge=badge, by=request.staff, at=request.at)
        return _("Archived. Members keep the badge.")

    return act(request, verb, reverse("levels:badge-list"))


@require_POST
@http.page(level_facts.MANAGE)
def archive_plan(request: http.Request, pk: int) -> HttpResponse:
    def verb() -> str:
        plan = memberships.get_plan(by=request.staff, pk=pk)
        memberships.archive_plan(plan=plan, by=request.staff, at=request.at)
        return _("Archived. Members keep their terms.")

    return act(request, verb, reverse("levels:plan-list"))

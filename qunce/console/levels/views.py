"""Pages of levels: what there is, and their definition with a preview."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.activities.levels import (
    gifts,
    holdings,
    level_facts,
    level_phrases,
    previews,
    schemes,
)
from qunce.activities.levels.models import Level
from qunce.activities.prizes.models import PrizeStock
from qunce.console import http
from qunce.console.levels.forms import LadderForm
from qunce.core import errors


def _row(level: Level, today: int, people: Counter[int]) -> dict[str, Any]:
    pending = level.steps[-1] if level.steps and level.steps[-1][0] > today else None
    points = holdings.points_today(level, today)
    return {
        "level": level,
        "points": points if points is not None else schemes.points_of(level),
        "later": pending[1] if pending else None,
        "from": level_phrases.day(pending[0]) if pending else "",
        "benefits": level_phrases.benefits(level),
        "people": people[level.pk],
    }


@require_GET
@http.page(level_facts.MANAGE)
def overview(request: http.Request) -> HttpResponse:
    by, at = request.staff, request.at
    community, today = request.community, request.community.day(at)
    scheme = schemes.get(community)
    people = holdings.count_people(community)
    rows = [
        _row(level, today, people)
        for level in schemes.list_all(community, archived=True)
        if level.archived_at is None or people[level.pk]
    ]
    counting = schemes.counting_of(scheme) if scheme else None
    context = {
        "scheme": scheme,
        "rows": rows,
        "period": level_phrases.period(counting) if counting else "",
        "grace": level_phrases.grace(counting.grace) if counting else "",
        "given": gifts.count_given(community=community, by=by, at=at),
    }
    return http.render(request, "console/levels/list.html", context)


@require_http_methods(["GET", "POST"])
@http.page(level_facts.MANAGE)
def define(request: http.Request) -> HttpResponse:
    """Define all levels; a POST shows how many members each would have, or saves."""
    by, at, community = request.staff, request.at, request.community
    form = LadderForm(
        request.POST if request.method == "POST" else None,
        scheme=schemes.get(community),
        levels=schemes.list_for(by),
        prizes=list(
            PrizeStock.objects.filter(
                community=community, archived_at__isnull=True
            ).order_by("name", "pk")
        ),
    )
    preview = None
    if request.method == "POST" and form.is_valid():
        wanted = form.to_input()
        try:
            if "save" in request.POST:
                schemes.define(community=community, wanted=wanted, by=by, at=at)
                http.flash(request, _("Saved. Members are counted in the background."))
                return http.redirect_back(request, reverse("levels:list"))
            preview = previews.preview(community=community, wanted=wanted, by=by, at=at)
        except errors.QunceError as error:
            form.add_error(error)
    status = 422 if form.has_errors else 200
    context = {"form": form, "preview": preview}
    return http.render(request, "console/levels/form.html", context, status=status)

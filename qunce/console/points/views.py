"""Pages of points: rules, the leaderboard, the liability and the settings."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.activities.levels import cards
from qunce.activities.points import (
    adjustments,
    liability,
    past_runs,
    phrases,
    point_facts,
    point_settings,
    rules,
)
from qunce.activities.points import (
    leaderboard as leaderboards,
)
from qunce.activities.points.models import PointRule
from qunce.activities.points.periods import InvalidPeriod, Period
from qunce.console import http, member_names
from qunce.console.points.forms import PastRunForm, RuleForm, SettingsForm, start_of
from qunce.core import errors, permissions


def _row(rule: PointRule) -> dict[str, Any]:
    return {
        "rule": rule,
        "earns": phrases.earns(rule),
        "cap": phrases.cap(rule),
        "validity": phrases.validity(rule),
    }


@require_GET
@http.page(point_facts.MANAGE)
def rule_list(request: http.Request) -> HttpResponse:
    by, at = request.staff, request.at
    context = {
        "rows": [_row(rule) for rule in rules.list_all(by)],
        "waiting": len(adjustments.list_waiting(by=by, at=at))
        if permissions.may(by, point_facts.ADJUST)
        else 0,
    }
    return http.render(request, "console/points/list.html", context)


@require_http_methods(["GET", "POST"])
@http.page(point_facts.MANAGE)
def rule_create(request: http.Request) -> HttpResponse:
    form = RuleForm(request.POST or None, community=request.community, at=request.at)
    if request.method == "POST" and form.is_valid():
        try:
            rule = rules.create(
                community=request.community,
                by=request.staff,
                at=request.at,
                **form.to_fields(),
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved. It is off until you switch it on."))
            url = reverse("points:detail", args=[rule.pk])
            return http.redirect_back(request, url)
    return _render_form(request, form, None)


@require_http_methods(["GET", "POST"])
@http.page(point_facts.MANAGE)
def rule_update(request: http.Request, pk: int) -> HttpResponse:
    rule = rules.get(by=request.staff, pk=pk)
    form = RuleForm(
        request.POST or None, community=request.community, at=request.at, rule=rule
    )
    if request.method == "POST" and form.is_valid():
        try:
            rules.update(rule=rule, by=request.staff, at=request.at, **form.to_fields())
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved. It holds from now on."))
            return http.redirect_back(request, reverse("points:detail", args=[pk]))
    return _render_form(request, form, rule)


def _render_form(
    request: http.Request, form: RuleForm, rule: PointRule | None
) -> HttpResponse:
    context = {
        "form": form,
        "rule": rule,
        "plain": [
            form[name]
            for name in (
                "name",
                "event",
                "points",
                "per_amount",
                "is_multiplied",
                "starts_on",
            )
        ],
        "validity": [form["wait_days"], form["valid_days"]],
    }
    status = 422 if form.errors else 200
    return http.render(request, "console/points/form.html", context, status=status)


@require_GET
@http.page(point_facts.MANAGE)
def rule_detail(request: http.Request, pk: int) -> HttpResponse:
    rule = rules.get(by=request.staff, pk=pk)
    context = {
        **_row(rule),
        "form": PastRunForm(),
        "counts": rules.count_earned(rule),
    }
    return http.render(request, "console/points/detail.html", context)


@require_http_methods(["GET", "POST"])
@http.page(point_facts.MANAGE)
def past_run(request: http.Request, pk: int) -> HttpResponse:
    """What a run over the past would earn; a POST runs it."""
    by, at = request.staff, request.at
    rule = rules.get(by=by, pk=pk)
    form, preview = PastRunForm(request.POST or request.GET or None), None
    if form.is_valid():
        since = start_of(request.community, form.cleaned_data["since"])
        try:
            if request.method == "POST":
                points = past_runs.run(rule=rule, since=since, by=by, at=at)
                text = _("%(points)s points were earned.") % {"points": f"{points:,}"}
                http.flash(request, text)
                return http.redirect_back(request, reverse("points:detail", args=[pk]))
            preview = past_runs.preview(rule=rule, since=since, by=by, at=at)
        except errors.QunceError as error:
            form.add_error(None, str(error))
    context = {"form": form, "preview": preview, "rule": rule}
    status = 422 if form.errors else 200
    return http.render(request, "console/points/past.html", context, status=status)


@require_GET
@http.page(point_facts.ADJUST)
def leaderboard(request: http.Request) -> HttpResponse:
    today = request.community.day(request.at)
    period, problem = leaderboards.this_month(today), ""
    if wanted := request.GET.get("period", "").strip():
        try:
            period = leaderboards.parse_period(wanted, today)
        except InvalidPeriod as error:
            problem = str(error)
    places = leaderboards.load(by=request.staff, at=request.at, period=period)
    people = [place.person for place in places]
    names = member_names.find(people)
    titles = cards.find_titles(request.community, people, request.at)
    context = {
        "places": [
            (place, names.get(place.person, ""), titles.get(place.person, ""))
            for place in places
        ],
        "period": period,
        "kinds": phrases.PERIODS,
        "before": _neighbour(period, -1, today),
        "after": _neighbour(period, 1, today),
        "text": phrases.period_text(period),
        "current": phrases.KINDS_OF_PERIODS[period.kind],
        "typed": wanted[:40],
        "problem": problem,
    }
    status = 422 if problem else 200
    return http.render(
        request, "console/points/leaderboard.html", context, status=status
    )


def _neighbour(period: Period, by: int, today: int) -> Period | None:
    """The period before or after, None where no leaderboard is kept."""
    try:
        found = leaderboards.parse_period(period.move(by).text, today)
    except InvalidPeriod:
        return None
    return found if found != period else None


@require_GET
@http.page(point_facts.MANAGE)
def liability_page(request: http.Request) -> HttpResponse:
    found = liability.load(by=request.staff, at=request.at)
    most = max((line.points for line in found.lines), default=0)
    context = {"liability": found, "most": most, "currency": request.community.currency}
    return http.render(request, "console/points/liability.html", context)


@require_http_methods(["GET", "POST"])
@http.page(point_facts.MANAGE)
def settings_page(request: http.Request) -> HttpResponse:
    form = SettingsForm(
        request.POST or None,
        community=request.community,
        row=point_settings.get(request.community),
    )
    if request.method == "POST" and form.is_valid():
        try:
            point_settings.update(
                community=request.community,
                by=request.staff,
                at=request.at,
                **form.cleaned_data,
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved."))
            return http.redirect_back(request, reverse("points:settings"))
    status = 422 if form.errors else 200
    return http.render(
        request, "console/points/settings.html", {"form": form}, status=status
    )

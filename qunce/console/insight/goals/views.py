"""Pages of goals: the list, one goal with its chart, and the form."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.console import http
from qunce.console.insight import chart_downloads
from qunce.console.insight.goals import forms, presenters
from qunce.console.insight.goals.forms import GoalForm
from qunce.core import errors
from qunce.insight.goals import goals, pace_chart, progress
from qunce.insight.goals.models import Goal
from qunce.insight.metric_definitions import COMMUNITY, GROUP

USUAL = {COMMUNITY: "new_members", GROUP: "joins"}
"""The metric that the form of a new goal begins with."""


@require_GET
@http.page()
def goal_list(request: http.Request) -> HttpResponse:
    archived = request.GET.get("archived") == "1"
    found = goals.list_visible(request.staff, archived=archived)
    cards = presenters.list_cards(found, request)
    context = {
        "sections": presenters.list_sections(cards),
        "archived": archived,
        "archived_count": goals.list_visible(request.staff, archived=True).count(),
        "may_edit": goals.may_edit(request.staff),
    }
    return http.render(request, "console/insight/goals/list.html", context)


@require_GET
@http.page()
def goal_detail(request: http.Request, goal_pk: int) -> HttpResponse:
    goal = goals.get(by=request.staff, pk=goal_pk)
    found = progress.load(goal, by=request.staff, at=request.at)
    figure = pace_chart.draw(found, by=request.staff, at=request.at)
    if "as" in request.GET:
        if figure is None:
            raise Http404
        return chart_downloads.render_download(figure, request.GET["as"])
    context = {
        "card": presenters.card(found),
        "goal": goal,
        "figure": figure,
        "download": "?as=",
        "people_url": presenters.people_url(found, request),
        "change": presenters.change_text(goal, request),
        "may_edit": goals.may_edit(request.staff),
    }
    return http.render(request, "console/insight/goals/detail.html", context)


@require_http_methods(["GET", "POST"])
@http.page(goals.EDIT)
def goal_create(request: http.Request, level: str) -> HttpResponse:
    if level not in (COMMUNITY, GROUP):
        raise Http404
    goals.check_may_edit(request.staff)
    spans = list(forms.list_spans(request.staff, request.at))
    chosen = request.GET.get("span", forms.MONTH)
    first, last = next(
        ((a, b) for name, _label, a, b in spans if name == chosen), spans[0][2:]
    )
    initial = {
        "first": first,
        "last": last,
        "metric": request.GET.get("metric", USUAL[level]),
        "group": request.GET.get("group", ""),
    }
    form = GoalForm(
        request.POST or None, staff=request.staff, level=level, initial=initial
    )
    if form.is_valid():
        try:
            goal = goals.create(
                community=request.community,
                by=request.staff,
                at=request.at,
                **_fields(form, request),
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            return _saved(request, goal)
    links = [(name, label, name == chosen) for name, label, _a, _b in spans]
    return _render_form(request, form, level, {"spans": links})


@require_http_methods(["GET", "POST"])
@http.page(goals.EDIT)
def goal_update(request: http.Request, goal_pk: int) -> HttpResponse:
    goal = goals.get(by=request.staff, pk=goal_pk)
    goals.check_may_edit(request.staff, goal)
    level = goals.level_of(goal)
    form = GoalForm(request.POST or None, staff=request.staff, level=level, goal=goal)
    if form.is_valid():
        try:
            goals.update(
                goal=goal, by=request.staff, at=request.at, **_fields(form, request)
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            return _saved(request, goal)
    return _render_form(request, form, level, {"goal": goal})


def _fields(form: GoalForm, request: http.Request) -> dict[str, Any]:
    fields = dict(form.cleaned_data)
    return fields | {"owner": goals.find_owner(request.staff, fields["owner"])}


def _saved(request: http.Request, goal: Goal) -> HttpResponse:
    http.flash(request, _("Saved."))
    return http.redirect_back(request, reverse("insight:goal", args=[goal.pk]))


def _render_form(
    request: http.Request, form: GoalForm, level: str, more: dict[str, Any]
) -> HttpResponse:
    context = {
        "form": form,
        "level": level,
        "entries": [
            (
                subject,
                [(each.label_for(level), each.definition_for(level)) for each in own],
            )
            for subject, own in forms.list_entries(level)
        ],
        **more,
    }
    status = 422 if form.errors else 200
    return http.render(
        request, "console/insight/goals/form.html", context, status=status
    )

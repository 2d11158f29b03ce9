"""Pages of activities: the list, the form, one activity, its live screen and results."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.activities import results
from qunce.activities.activities import activities
from qunce.activities.activities.models import OVER, UNPUBLISHED, Activity, State
from qunce.activities.kinds import base
from qunce.console import http, paging
from qunce.console.activities import presenters
from qunce.console.activities.forms import ActivityForm
from qunce.core import errors
from qunce.insight.goals import goals

PAGE_SIZE = 100


@require_GET
@http.page(activities.RUN)
def activity_list(request: http.Request) -> HttpResponse:
    by, state = request.staff, request.GET.get("state", "")
    found = activities.list_visible(by).select_related("community")
    are_any = found.exists()
    if state in State.values:
        found = found.filter(state=state)
    context = {
        "rows": presenters.rows(found[:PAGE_SIZE], by=by, at=request.at),
        "states": State.choices,
        "state": state,
        "are_any": are_any,
        "may_manage": activities.may_manage(by),
    }
    return http.render(
        request,
        "console/activities/list.html",
        context,
        part="console/activities/_rows.html",
    )


@require_GET
@http.page(activities.MANAGE)
def choose_kind(request: http.Request) -> HttpResponse:
    """The kinds, each with what was learned from the last one."""
    kinds = [
        (kind, activities.find_last_lesson(request.staff, kind.key))
        for kind in base.list_kinds()
    ]
    return http.render(request, "console/activities/choose_kind.html", {"kinds": kinds})


@require_http_methods(["GET", "POST"])
@http.page(activities.MANAGE)
def activity_create(request: http.Request, kind: str) -> HttpResponse:
    chosen = base.get(kind)
    copied = None
    if pk := paging.parse_number(request, "copy", maximum=2**62):
        copied = activities.get(by=request.staff, pk=pk)
    form = ActivityForm(request, chosen, request.POST or None, copied=copied)
    if request.method == "POST" and form.is_valid():
        try:
            activity = activities.create(
                community=request.community,
                kind=chosen.key,
                by=request.staff,
                at=request.at,
                **form.to_arguments(),
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            return http.redirect_back(
                request, reverse("activities:detail", args=[activity.pk])
            )
    context = {
        "form": form,
        "kind": chosen,
        "activity": None,
        "lesson": activities.find_last_lesson(request.staff, chosen.key),
    }
    status = 422 if form.errors else 200
    return http.render(request, "console/activities/form.html", context, status=status)


@require_http_methods(["GET", "POST"])
@http.page(activities.MANAGE)
def activity_update(request: http.Request, pk: int) -> HttpResponse:
    activity = activities.get(by=request.staff, pk=pk)
    kind = base.get(activity.kind)
    form = ActivityForm(request, kind, request.POST or None, activity=activity)
    if request.method == "POST" and form.is_valid():
        try:
            activities.change(
                activity=activity,
                by=request.staff,
                at=request.at,
                **form.to_arguments(),
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved."))
            return http.redirect_back(request, reverse("activities:detail", args=[pk]))
    context = {"form": form, "kind": kind, "activity": activity, "lesson": None}
    status = 422 if form.errors else 200
    return http.render(request, "console/activities/form.html", context, status=status)


@require_GET
@http.page(activities.RUN)
def activity_detail(request: http.Request, pk: int) -> HttpResponse:
    """The review page until it is published, then its live screen."""
    activity = activities.get(by=request.staff, pk=pk)
    context = presenters.heading(activity, request)
    context |= presenters.review(activity, request)
    context["goal"] = _goal_of(activity, request)
    is_unpublished = activity.state in UNPUBLISHED or activity.published_at is None
    if not is_unpublished:
        context |= presenters.live(activity, request)
    context["is_unpublished"] = is_unpublished
    context["is_over"] = activity.state in OVER
    return http.render(request, "console/activities/detail.html", context)


def _goal_of(activity: Activity, request: http.Request) -> Any:
    if activity.goal_id is None:
        return None
    return goals.list_visible(request.staff).filter(pk=activity.goal_id).first()


@require_GET
@http.page(activities.RUN)
def live(request: http.Request, pk: int) -> HttpResponse:
    """The numbers of the live screen, which the page asks for again."""
    activity = activities.get(by=request.staff, pk=pk)
    if not http.is_partial(request):
        return http.redirect_back(request, reverse("activities:detail", args=[pk]))
    context = presenters.heading(activity, request)
    context |= presenters.live(activity, request)
    return http.render(request, "console/activities/_live.html", context)


@require_GET
@http.page(activities.RUN)
def results_page(request: http.Request, pk: int) -> HttpResponse:
    """What became of it, and the line that is written down about it."""
    activity = activities.get(by=request.staff, pk=pk)
    found = results.collect(activity=activity, by=request.staff, at=request.at)
    context = presenters.heading(activity, request) | {
        "results": found,
        "spent": presenters.spent_rows(found, activity),
        "uncounted": [
            (reason.label, count) for reason, count in found.uncounted.items()
        ],
        "goal": _goal_of(activity, request),
    }
    return http.render(request, "console/activities/results.html", context)

"""Pages of activities: the list, the form, one activity, its live screen and results."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from qunce.activities import eligibility, results
from qunce.activities.activities import activities, kind_contract
from qunce.activities.activities.fields import MAX_GROUPS
from qunce.activities.activities.models import OVER, UNPUBLISHED, Activity, State
from qunce.activities.kinds import base
from qunce.console import http, member_names, paging
from qunce.console.activities import kind_pages, presenters
from qunce.console.activities import live as live_screen
from qunce.console.activities.forms import ActivityForm
from qunce.console.outreach import forms as campaign_forms
from qunce.core import errors
from qunce.insight.goals import goals, progress
from qunce.insight.goals.progress import Progress

PAGE_SIZE = 100
LEAVERS = 10
"""Names of members who have left, in the results."""


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
    """The kinds by what they are for, each with what was learned from the last one."""
    aims = [
        (aim, [(kind, _last_lesson(request, kind)) for kind in kinds])
        for aim, kinds in kind_contract.list_by_aim()
    ]
    return http.render(request, "console/activities/choose_kind.html", {"aims": aims})


def _last_lesson(request: http.Request, kind: base.Kind) -> Activity | None:
    return activities.find_last_lesson(request.staff, kind.key)


@require_http_methods(["GET", "POST"])
@http.page(activities.MANAGE)
def activity_create(request: http.Request, kind: str) -> HttpResponse:
    chosen = base.get(kind)
    copied = None
    if pk := paging.parse_number(request, "copy", maximum=2**62):
        copied = activities.get(by=request.staff, pk=pk)
    form = ActivityForm(request, chosen, request.POST or None, copied=copied)
    if request.method == "POST" and (more := request.POST.get("more")):
        form.add_empty_rows(more)
    elif request.method == "POST" and form.is_valid():
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
    status = 422 if form.has_errors else 200
    return http.render(request, "console/activities/form.html", context, status=status)


@require_POST
@http.page(activities.MANAGE)
def count_rules(request: http.Request) -> HttpResponse:
    """How many may join, are notified and are in both, by the rules of an open form."""
    context: dict[str, Any] = {}
    try:
        rules = {
            name: campaign_forms.parse_choice(
                request.POST.get(name, ""), request.POST.get(f"{name}_rule", "")
            )
            for name in ("may_join", "notified")
        }
        groups = [
            int(pk)
            for pk in request.POST.getlist("groups")[:MAX_GROUPS]
            if pk.isdecimal()
        ]
        context["counts"] = eligibility.count_rules(
            groups=groups, by=request.staff, at=request.at, **rules
        )
        context |= {
            f"{name}_text": presenters.describe_rule(request.staff, rule)
            for name, rule in rules.items()
        }
        context["notifies"] = rules["notified"] is not None
    except errors.NotFound:
        raise
    except errors.QunceError as error:
        context["fault"] = str(error)
    return http.render(request, "console/activities/_counts.html", context)


@require_http_methods(["GET", "POST"])
@http.page(activities.MANAGE)
def activity_update(request: http.Request, pk: int) -> HttpResponse:
    activity = activities.get(by=request.staff, pk=pk)
    kind = base.get(activity.kind)
    form = ActivityForm(request, kind, request.POST or None, activity=activity)
    if request.method == "POST" and (more := request.POST.get("more")):
        form.add_empty_rows(more)
    elif request.method == "POST" and form.is_valid():
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
    status = 422 if form.has_errors else 200
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
        context |= live_screen.context(activity, request)
    context["is_unpublished"] = is_unpublished
    context["is_over"] = activity.state in OVER
    context["kind_pages"] = kind_pages.list_links(
        activity, is_unpublished=is_unpublished
    )
    context["setup_page"] = kind_pages.find_setup(activity)
    return http.render(request, "console/activities/detail.html", context)


def _goal_of(activity: Activity, request: http.Request) -> Progress | None:
    """The progress towards the goal, None for one that the staff do not see."""
    visible = goals.list_visible(request.staff)
    goal = visible.filter(pk=activity.goal_id or 0).first()
    if goal is None:
        return None
    return progress.load(goal, by=request.staff, at=request.at)


@require_GET
@http.page(activities.RUN)
def live(request: http.Request, pk: int) -> HttpResponse:
    """The numbers of the live screen, which the page asks for again."""
    activity = activities.get(by=request.staff, pk=pk)
    if not http.is_partial(request):
        return http.redirect_back(request, reverse("activities:detail", args=[pk]))
    context = presenters.heading(activity, request)
    context |= live_screen.context(activity, request)
    return http.render(request, "console/activities/_live.html", context)


@require_GET
@http.page(activities.RUN)
def results_page(request: http.Request, pk: int) -> HttpResponse:
    """The review card: goal, result, cost, who left, and what was learned."""
    activity = activities.get(by=request.staff, pk=pk)
    found = results.collect(activity=activity, by=request.staff, at=request.at)
    context = presenters.heading(activity, request) | {
        "results": found,
        "spent": presenters.spent_rows(found, activity),
        "uncounted": [
            (reason.label, count) for reason, count in found.uncounted.items()
        ],
        "goal": _goal_of(activity, request),
        "leavers": list(member_names.find(found.leavers[:LEAVERS]).items()),
    }
    return http.render(request, "console/activities/results.html", context)

"""Limits of moderation: modes of groups, doors, safety stops, ladders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from qunce.console import http
from qunce.console.moderation import presenters
from qunce.console.moderation.forms import LadderForm, SettingsForm
from qunce.core import errors
from qunce.groups import visibility as group_visibility
from qunce.groups.groups import Group
from qunce.groups.moderation import doors, moderation_settings
from qunce.groups.moderation.actions import safety_stops
from qunce.groups.moderation.ladders import ladders
from qunce.groups.moderation.models import Action, Ladder, Mode, SafetyStop
from qunce.groups.moderation.moderation_permissions import DECIDE, MANAGE


@dataclass(frozen=True)
class GroupRow:
    group: Group
    mode: str
    door: Action | None
    stop: SafetyStop | None


@require_http_methods(["GET", "POST"])
@http.page(MANAGE)
def settings(request: http.Request) -> HttpResponse:
    row = moderation_settings.get(request.staff)
    form = SettingsForm(row, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            moderation_settings.update(
                community=request.community,
                by=request.staff,
                at=request.at,
                **form.to_arguments(),
            )
        except errors.Invalid as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved."))
            return http.redirect_back(request, reverse("moderation:settings"))
    context = {
        "form": form,
        "groups": _groups(request),
        "modes": Mode.choices,
        "ladders": [
            (ladder, _rungs(ladder)) for ladder in ladders.list_all(request.staff)
        ],
    }
    status = 422 if form.errors else 200
    return http.render(
        request, "console/moderation/settings.html", context, status=status
    )


def _groups(request: http.Request) -> list[GroupRow]:
    modes = moderation_settings.list_group_modes(request.staff)
    stops = {stop.group_id: stop for stop in safety_stops.list_active(request.staff)}
    groups = group_visibility.list_visible(request.staff).exclude(state="dead")
    return [
        GroupRow(
            group,
            modes.get(group.pk, ""),
            doors.find_closed(group),
            stops.get(group.pk),
        )
        for group in groups.order_by("name", "pk")[:500]
    ]


def _rungs(ladder: Ladder) -> list[tuple[int, str]]:
    return [
        (each["strikes"], presenters.consequence(each["rung"], each.get("minutes")))
        for each in ladder.rungs
    ]


def _back(request: http.Request) -> HttpResponse:
    return http.redirect_back(request, reverse("moderation:settings"))


@require_POST
@http.page(MANAGE)
def group_mode(request: http.Request, pk: int) -> HttpResponse:
    group = group_visibility.get(by=request.staff, pk=pk)
    mode = request.POST.get("mode") or None
    moderation_settings.set_group_mode(
        group=group, mode=mode, by=request.staff, at=request.at
    )
    http.flash(request, _("Saved."))
    return _back(request)


@require_POST
@http.page(DECIDE)
def close(request: http.Request, pk: int) -> HttpResponse:
    group = group_visibility.get(by=request.staff, pk=pk)
    minutes = moderation_settings.load(request.community).door_minutes
    doors.close(group=group, minutes=minutes, by=request.staff, at=request.at)
    text = _("“%(name)s” is closed for newcomers for %(n)s minutes.")
    http.flash(
        request,
        text % {"name": group, "n": minutes},
        undo=reverse("moderation:open", args=[pk]),
    )
    return _back(request)


@require_POST
@http.page(DECIDE)
def open_door(request: http.Request, pk: int) -> HttpResponse:
    group = group_visibility.get(by=request.staff, pk=pk)
    doors.open_now(group=group, by=request.staff, at=request.at)
    http.flash(request, _("“%(name)s” is open for newcomers.") % {"name": group})
    return _back(request)


@require_POST
@http.page(MANAGE)
def end_stop(request: http.Request, pk: int) -> HttpResponse:
    stop = safety_stops.get(by=request.staff, pk=pk)
    safety_stops.end(stop=stop, by=request.staff, at=request.at)
    http.flash(request, _("Rules act in “%(name)s” again.") % {"name": stop.group})
    return _back(request)


@require_http_methods(["GET", "POST"])
@http.page(MANAGE)
def ladder_create(request: http.Request) -> HttpResponse:
    return _edit_ladder(request, None)


@require_http_methods(["GET", "POST"])
@http.page(MANAGE)
def ladder_update(request: http.Request, pk: int) -> HttpResponse:
    for ladder in ladders.list_all(request.staff):
        if ladder.pk == pk:
            return _edit_ladder(request, ladder)
    raise ladders.LadderNotFound(_("There is no such ladder."))


def _edit_ladder(request: http.Request, ladder: Ladder | None) -> HttpResponse:
    form = LadderForm(request.POST or None, ladder=ladder)
    if request.method == "POST" and form.is_valid():
        fields: dict[str, Any] = {
            **form.to_arguments(),
            "by": request.staff,
            "at": request.at,
        }
        try:
            if "remove" in request.POST and ladder is not None:
                ladders.remove(ladder=ladder, by=request.staff, at=request.at)
            elif ladder is None:
                ladders.create(community=request.community, **fields)
            else:
                ladders.update(ladder=ladder, **fields)
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved."))
            return _back(request)
    context = {"form": form, "ladder": ladder}
    status = 422 if form.errors else 200
    return http.render(
        request, "console/moderation/ladder_form.html", context, status=status
    )

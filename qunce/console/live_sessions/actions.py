"""What staff enter about a live session: names, the platform's number, and the replay."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.activities import attendance_lists
from qunce.activities.activities import activities
from qunce.activities.activities.models import Activity
from qunce.activities.live_sessions import attendance as attendance_verbs
from qunce.activities.live_sessions import reservations, sessions
from qunce.console import http
from qunce.console.live_sessions import views


def _act(
    request: http.Request, pk: int, verb: Callable[[Activity], str]
) -> HttpResponse:
    activity = views.get_session(request, pk)
    http.flash_outcome(request, lambda: verb(activity))
    return http.redirect_back(request, reverse("live_sessions:detail", args=[pk]))


@require_POST
@http.page(activities.RUN)
def record_names(request: http.Request, pk: int) -> HttpResponse:
    """Enter those who came; refused names stay in their field, with the lines at fault."""
    activity = views.get_session(request, pk)
    text = request.POST.get("names", "")
    try:
        taken = attendance_lists.record(
            activity=activity, text=text, by=request.staff, at=request.at
        )
    except (attendance_lists.InvalidNames, attendance_verbs.CannotAttend) as error:
        return views.render(
            request, activity, problem=str(error), pasted=text, status=422
        )
    values = {"new": f"{taken.new:,}", "known": f"{taken.known:,}"}
    text = _("Entered: %(new)s. Had come already: %(known)s.") % values
    http.flash(request, text)
    return http.redirect_back(request, reverse("live_sessions:detail", args=[pk]))


@require_POST
@http.page(activities.RUN)
def type_number(request: http.Request, pk: int) -> HttpResponse:
    def verb(activity: Activity) -> str:
        sessions.type_number(
            activity=activity,
            number=_read_number(request.POST.get("number", "")),
            by=request.staff,
            at=request.at,
        )
        return _("Stored with your name and the time.")

    return _act(request, pk, verb)


def _read_number(text: str) -> int:
    """A whole number as people write it, with or without separators of thousands."""
    plain = text.strip()[:20].replace(",", "").replace("，", "")
    return int(plain) if plain.isdecimal() else -1


@require_POST
@http.page(activities.RUN)
def set_replay(request: http.Request, pk: int) -> HttpResponse:
    url = request.POST.get("url", "")

    def verb(activity: Activity) -> str:
        sessions.set_replay(activity=activity, url=url, by=request.staff, at=request.at)
        return _("Members see the replay.") if url.strip() else _("No replay is shown.")

    return _act(request, pk, verb)


@require_POST
@http.page(activities.RUN)
def cancel(request: http.Request, pk: int, reservation: int) -> HttpResponse:
    def verb(activity: Activity) -> str:
        row = reservations.get(
            activity=activity, pk=reservation, by=request.staff, at=request.at
        )
        reservations.cancel(reservation=row, by=request.staff, at=request.at)
        return _("The reservation is cancelled. They are not reminded.")

    return _act(request, pk, verb)


@require_POST
@http.page(activities.RUN)
def undo(request: http.Request, pk: int, attendance: int) -> HttpResponse:
    def verb(activity: Activity) -> str:
        row = attendance_verbs.get(
            activity=activity, pk=attendance, by=request.staff, at=request.at
        )
        attendance_verbs.undo(attendance=row, by=request.staff, at=request.at)
        return _("Undone, with the points for it.")

    return _act(request, pk, verb)

"""The sign-ups of a meet-up, its printed list, the code of the place, and scanning."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_safe

from qunce.activities.activities import activities
from qunce.activities.activities.models import Activity
from qunce.activities.meetups import (
    attendance,
    seats,
    sign_up_files,
    sign_ups,
    terms,
    venue_codes,
)
from qunce.activities.meetups.models import Meetup
from qunce.console import http
from qunce.console.activities import presenters as activity_presenters
from qunce.console.meetups import presenters
from qunce.core import permissions
from qunce.members.search import export


def get_meetup(request: http.Request, pk: int) -> Activity:
    """The published meet-up with this number; another activity has no such page."""
    activity = activities.get(by=request.staff, pk=pk)
    seats.check_meetup(activity)
    return activity


@require_GET
@http.page(activities.RUN)
def sign_up_list(request: http.Request, pk: int) -> HttpResponse:
    activity = get_meetup(request, pk)
    rows = sign_ups.list_visible(activity=activity, by=request.staff, at=request.at)
    found = presenters.lines(request, activity, rows)
    context = activity_presenters.heading(activity, request) | {
        "slots": presenters.by_slot(activity, found),
        "count": len(found),
        "may_export": permissions.may(request.staff, export.EXPORT),
    }
    return http.render(request, "console/meetups/sign_ups.html", context)


@require_GET
@http.page(activities.RUN)
def printed_list(request: http.Request, pk: int) -> HttpResponse:
    """A list to print, with a box to tick for each seat."""
    activity = get_meetup(request, pk)
    rows = sign_ups.list_visible(activity=activity, by=request.staff, at=request.at)
    found = presenters.lines(request, activity, rows)
    context = activity_presenters.heading(activity, request) | {
        "slots": presenters.by_slot(activity, found),
        "place": activity.settings["place"],
    }
    return http.render(request, "console/meetups/print.html", context)


@require_GET
@http.page(activities.RUN)
def venue_code(request: http.Request, pk: int) -> HttpResponse:
    """The code of this moment, big enough to be read across a room."""
    activity = get_meetup(request, pk)
    secret = Meetup.objects.get(activity=activity).secret
    context = activity_presenters.heading(activity, request) | {
        "code": venue_codes.code_at(secret, request.at),
        "seconds": venue_codes.seconds_left(request.at),
        "word": pgettext("keyword", "here"),
    }
    part = http.is_partial(request)
    template = "_code.html" if part else "venue_code.html"
    return http.render(request, f"console/meetups/{template}", context)


@require_safe
@http.page(activities.RUN)
def file(request: http.Request, pk: int, file_format: str) -> HttpResponse:
    """The sign-ups with their answers, as CSV or XLSX."""
    activity = get_meetup(request, pk)
    content = sign_up_files.write(
        activity=activity, file_format=file_format, by=request.staff, at=request.at
    )
    content_type = sign_up_files.FORMATS[file_format]
    response = HttpResponse(content, content_type=content_type)
    name = f"meet-up-{activity.pk}.{file_format}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_GET
@http.page(activities.RUN)
def scan(request: http.Request, pk: int) -> HttpResponse:
    """Where staff type a code; the camera of a phone opens the page of the code."""
    activity = get_meetup(request, pk)
    code = request.GET.get("code", "").strip()[:100].rstrip("/").rpartition("/")[2]
    if code:
        return redirect("meetups:scanned", pk, code)
    return _render_scan(request, activity, None)


@require_GET
@http.page(activities.RUN)
def scanned(request: http.Request, pk: int, code: str) -> HttpResponse:
    """The person behind a code, and a button; showing it changes nothing."""
    activity = get_meetup(request, pk)
    try:
        row = sign_ups.get_by_code(
            activity=activity, code=code[:100], by=request.staff, at=request.at
        )
    except sign_ups.SignUpNotFound:
        problem = _("This code is not one of this meet-up. Type it again.")
        return _render_scan(request, activity, None, problem=problem, status=404)
    problem = ""
    try:
        attendance.check_may_check_in(row, request.at)
    except attendance.CannotCheckIn as error:
        problem = str(error)
    (line,) = presenters.lines(request, activity, [row])
    return _render_scan(request, activity, line, problem=problem)


def _render_scan(
    request: http.Request,
    activity: Activity,
    line: presenters.Line | None,
    *,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    context = activity_presenters.heading(activity, request) | {
        "line": line,
        "problem": problem,
        "time": terms.slot_text(activity, line.row.slot) if line else "",
    }
    return http.render(request, "console/meetups/scan.html", context, status=status)

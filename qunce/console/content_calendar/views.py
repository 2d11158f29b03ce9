"""Pages of the content calendar: a week by group, a month by day, a CSV file, the limits."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.console import http
from qunce.console.content_calendar import presenters
from qunce.console.content_calendar.forms import LimitsForm
from qunce.core import csv_safety, errors, permissions
from qunce.outreach.content_calendar import best_hours, board, limits
from qunce.outreach.content_calendar.board import Board

PAGE_SIZE = 40
WEEK = timedelta(days=7)
MAX_QUERY = 80
FILTERS = ("overloaded", "silent")


def _day(request: http.Request) -> date:
    """The day in the address, or today; the calendar has the years 2000 to 2100."""
    today = timezone.localdate(request.at)
    try:
        day = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return today
    first, last = board.EARLIEST + 2 * WEEK, board.LATEST - 9 * WEEK
    return day if first <= day <= last else today


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


@require_GET
@http.page()
def week(request: http.Request) -> HttpResponse:
    monday = _monday(_day(request))
    shown = board.load(by=request.staff, first=monday, days=7, at=request.at)
    rows = _chosen_rows(shown, request)
    pages = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    suggestions = best_hours.load(by=request.staff, at=request.at)
    context = {
        "week": presenters.week(shown, list(pages), suggestions, request),
        "pages": pages,
        "limits": shown.limits,
        "query": request.GET.get("q", "")[:MAX_QUERY],
        "only": request.GET.get("only", ""),
        "hours": presenters.hours_phrase(suggestions.overall),
        "today": timezone.localdate(request.at),
        "may_set": permissions.may(request.staff, limits.MANAGE),
        **_steps(monday, monday - WEEK, monday + WEEK),
    }
    return http.render(request, "console/content_calendar/week.html", context)


def _steps(day: date, before: date, after: date) -> dict[str, Any]:
    return {
        "day": day,
        "last": after - timedelta(days=1),
        "before": before,
        "after": after,
    }


def _chosen_rows(shown: Board, request: http.Request) -> list[int]:
    """The rows of groups with the name that is searched for, and with a warning."""
    only = request.GET.get("only", "")
    flags = {"overloaded": shown.overload, "silent": shown.silence}
    rows = list(range(len(shown.groups)))
    if only in flags:
        rows = shown.rows_with(flags[only])
    query = request.GET.get("q", "")[:MAX_QUERY].casefold().strip()
    return [row for row in rows if query in shown.groups[row].name.casefold()]


@require_GET
@http.page()
def month(request: http.Request) -> HttpResponse:
    first = _day(request).replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    start = _monday(first)
    days = (_monday(following - timedelta(days=1)) + WEEK - start).days
    shown = board.load(by=request.staff, first=start, days=days, at=request.at)
    context = {
        "weeks": presenters.month(shown, first, request),
        "mix": presenters.present(shown.mix()),
        "limits": shown.limits,
        "today": timezone.localdate(request.at),
        **_steps(first, (first - timedelta(days=1)).replace(day=1), following),
    }
    return http.render(request, "console/content_calendar/month.html", context)


@require_GET
@http.page()
def export(request: http.Request) -> HttpResponse:
    """The week, or the month from its first day, as a CSV file."""
    day = _day(request)
    is_month = "month" in request.GET
    first = day.replace(day=1) if is_month else _monday(day)
    following = (
        (first + timedelta(days=31)).replace(day=1) if is_month else first + WEEK
    )
    days = (following - first).days
    shown = board.load(by=request.staff, first=first, days=days, at=request.at)
    text = io.StringIO()
    rows = presenters.export_rows(shown)
    csv_safety.write_rows(text, [presenters.headings(), *rows])
    # With the mark spreadsheets read Chinese.
    response = HttpResponse(
        "\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8"
    )
    name = f"calendar-{first:%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_http_methods(["GET", "POST"])
@http.page(limits.MANAGE)
def update_limits(request: http.Request) -> HttpResponse:
    current = limits.get(request.community)
    form = LimitsForm(request.POST or None, limits=current)
    if request.method == "POST" and form.is_valid():
        try:
            limits.update(
                community=request.community,
                limits=form.to_limits(),
                by=request.staff,
                at=request.at,
            )
        except errors.Invalid as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved."))
            return http.redirect_back(request, reverse("content_calendar:week"))
    status = 422 if request.method == "POST" else 200
    context = {"form": form}
    template = "console/content_calendar/limits.html"
    return http.render(request, template, context, status=status)

"""Today: a queue that empties."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.console import http
from qunce.console.http import Request
from qunce.console.today import items, numbers, providers, snoozes
from qunce.core import permissions
from qunce.importing import jobs
from qunce.members.accounts import models as account_models

SPAN_LABELS = {
    "hour": gettext_lazy("In an hour"),
    "tonight": gettext_lazy("Tonight"),
    "tomorrow": gettext_lazy("Tomorrow"),
}


@http.page()
def queue(request: Request) -> HttpResponse:
    if not account_models.Account.objects.filter(community=request.community).exists():
        return _welcome(request)
    found = items.list_items(request.staff, at=request.at)
    sleeping = snoozes.list_active(request.staff, at=request.at)
    awake, asleep = snoozes.partition([line.key for line in found], sleeping)
    shown = [line for line in found if line.key in set(awake)]
    sections = [
        (items.SECTIONS[key], list(some))
        for key, some in groupby(shown, key=lambda line: line.section)
    ]
    context = {
        "sections": sections,
        "count": len(shown),
        "minutes": sum(line.minutes for line in shown),
        "later": _next_item(
            request,
            [sleeping[key] for key in asleep]
            + providers.list_due_tomorrow(request.staff, request.at),
        ),
        "spans": SPAN_LABELS,
        "numbers": numbers.compare_yesterday(request.staff, at=request.at),
    }
    part = "console/today/_queue.html"
    return http.render(request, "console/today/queue.html", context, part=part)


def _welcome(request: Request) -> HttpResponse:
    context = {"may_import": permissions.may(request.staff, jobs.IMPORT)}
    return http.render(request, "console/today/welcome.html", context)


def _next_item(request: Request, ends: list[datetime]) -> tuple[str, int] | None:
    """When the next thing comes, and how many by the end of that day."""
    if not ends:
        return None
    zone = ZoneInfo(request.community.timezone)
    first = min(ends).astimezone(zone)
    many = sum(end.astimezone(zone).date() == first.date() for end in ends)
    same = first.date() == request.at.astimezone(zone).date()
    text = _("today %(time)s") if same else _("tomorrow %(time)s")
    return text % {"time": first.strftime("%H:%M")}, many


@http.page()
def snooze(request: Request) -> HttpResponse:
    key = request.POST.get("key", "")
    end = snoozes.snooze(
        staff=request.staff,
        key=key,
        span=request.POST.get("span", "tomorrow"),
        at=request.at,
    )
    undo = reverse("today:unsnooze") + f"?key={key}"
    local = end.astimezone(ZoneInfo(request.community.timezone))
    text = _("Snoozed until %(time)s") % {"time": local.strftime("%m-%d %H:%M")}
    http.flash(request, text, undo=undo)
    return http.redirect_back(request, reverse("today:queue"))


@http.page()
def unsnooze(request: Request) -> HttpResponse:
    snoozes.unsnooze(staff=request.staff, key=request.GET.get("key", ""))
    return http.redirect_back(request, reverse("today:queue"))

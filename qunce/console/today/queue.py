"""Today: a queue that empties."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.console import entry
from qunce.console.entry import Request
from qunce.console.today import lines, matters, numbers, snoozes
from qunce.core import access
from qunce.members import roster
from qunce.members.importing import jobs

SPANS = {
    "hour": gettext_lazy("In an hour"),
    "tonight": gettext_lazy("Tonight"),
    "tomorrow": gettext_lazy("Tomorrow"),
}


@entry.page()
def show(request: Request) -> HttpResponse:
    if not roster.Account.objects.filter(community=request.community).exists():
        return _welcome(request)
    found = lines.of(request.operator, at=request.at)
    sleeping = snoozes.active(request.operator, at=request.at)
    awake, asleep = snoozes.split([line.key for line in found], sleeping)
    shown = [line for line in found if line.key in set(awake)]
    sections = [
        (lines.SECTIONS[key], list(some))
        for key, some in groupby(shown, key=lambda line: line.section)
    ]
    context = {
        "sections": sections,
        "count": len(shown),
        "minutes": sum(line.minutes for line in shown),
        "later": _later(
            request,
            [sleeping[key] for key in asleep]
            + matters.coming(request.operator, request.at),
        ),
        "spans": SPANS,
        "numbers": numbers.compared(request.operator, at=request.at),
    }
    part = "console/today/_queue.html"
    return entry.render(request, "console/today/queue.html", context, part=part)


def _welcome(request: Request) -> HttpResponse:
    context = {"may_import": access.may(request.operator, jobs.IMPORT)}
    return entry.render(request, "console/today/welcome.html", context)


def _later(request: Request, ends: list[datetime]) -> tuple[str, int] | None:
    """When the next thing comes, and how many by the end of that day."""
    if not ends:
        return None
    zone = ZoneInfo(request.community.timezone)
    first = min(ends).astimezone(zone)
    many = sum(end.astimezone(zone).date() == first.date() for end in ends)
    same = first.date() == request.at.astimezone(zone).date()
    text = _("today %(time)s") if same else _("tomorrow %(time)s")
    return text % {"time": first.strftime("%H:%M")}, many


@entry.page()
def snooze(request: Request) -> HttpResponse:
    key = request.POST.get("key", "")
    end = snoozes.put_off(
        operator=request.operator,
        key=key,
        span=request.POST.get("span", "tomorrow"),
        at=request.at,
    )
    undo = reverse("today:wake") + f"?key={key}"
    local = end.astimezone(ZoneInfo(request.community.timezone))
    text = _("Put off until %(time)s") % {"time": local.strftime("%m-%d %H:%M")}
    entry.say(request, text, undo=undo)
    return entry.back(request, reverse("today:queue"))


@entry.page()
def wake(request: Request) -> HttpResponse:
    snoozes.take_back(operator=request.operator, key=request.GET.get("key", ""))
    return entry.back(request, reverse("today:queue"))

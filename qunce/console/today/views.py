"""Today: what there is to do for the signed-in user."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.console import http
from qunce.console.http import Request
from qunce.console.today import (  # noqa: F401 - providers register themselves
    activity_providers,
    channel_providers,
    dismissals,
    finding_providers,
    items,
    member_providers,
    moderation_providers,
    number_providers,
    numbers,
    playbook_providers,
    prize_providers,
    providers,
    reply_providers,
    report_providers,
    segment_providers,
    series_providers,
    snoozes,
    survey_providers,
    task_providers,
    welcome_providers,
)
from qunce.core import permissions
from qunce.importing.jobs import access
from qunce.members.accounts import models as account_models
from qunce.members.staff_in_charge import assignments

SPAN_LABELS = {
    "hour": gettext_lazy("In an hour"),
    "tonight": gettext_lazy("Tonight"),
    "tomorrow": gettext_lazy("Tomorrow"),
}


@http.page()
def queue(request: Request) -> HttpResponse:
    if not account_models.Account.objects.filter(community=request.community).exists():
        may_import = permissions.may(request.staff, access.IMPORT)
        return http.render(
            request, "console/today/welcome.html", {"may_import": may_import}
        )
    dismissed = dismissals.list_keys(request.staff)
    all_items = [
        item
        for item in items.list_items(request.staff, at=request.at)
        if item.key not in dismissed or not item.may_dismiss
    ]
    ends = snoozes.list_active(request.staff, at=request.at)
    shown_keys, snoozed_keys = snoozes.partition([item.key for item in all_items], ends)
    shown = [item for item in all_items if item.key in set(shown_keys)]
    sections = [
        (items.SECTIONS[key], list(group))
        for key, group in groupby(shown, key=lambda item: item.section)
    ]
    due_later = providers.list_due_tomorrow(request.staff, request.at)
    context = {
        "sections": sections,
        "count": len(shown),
        "minutes": sum(item.minutes for item in shown),
        "later": _next_items(request, [ends[key] for key in snoozed_keys] + due_later),
        "spans": SPAN_LABELS,
        "own_members": assignments.count_members(
            staff=request.staff, by=request.staff, at=request.at
        ),
        "numbers": numbers.compare_yesterday(request.staff, at=request.at),
    }
    part = "console/today/_queue.html"
    return http.render(request, "console/today/queue.html", context, part=part)


def _next_items(request: Request, times: list[datetime]) -> tuple[str, int] | None:
    """Return when the next item appears, and how many do on that day."""
    if not times:
        return None
    zone = ZoneInfo(request.community.timezone)
    first = min(times).astimezone(zone)
    count = sum(time.astimezone(zone).date() == first.date() for time in times)
    is_today = first.date() == request.at.astimezone(zone).date()
    text = _("today %(time)s") if is_today else _("tomorrow %(time)s")
    return text % {"time": first.strftime("%H:%M")}, count


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
def open_item(request: Request) -> HttpResponse:
    """Go to the page of an item; a notice is dismissed by that."""
    key = request.POST.get("key", "")
    for item in items.list_items(request.staff, at=request.at):
        if item.key == key:
            if item.is_notice:
                dismissals.dismiss(staff=request.staff, key=key, at=request.at)
            return http.redirect_back(request, item.url)
    return http.redirect_back(request, reverse("today:queue"))


@http.page()
def dismiss(request: Request) -> HttpResponse:
    key = request.POST.get("key", "")
    dismissals.dismiss(staff=request.staff, key=key, at=request.at)
    undo = f"{reverse('today:restore')}?{urlencode({'key': key})}"
    http.flash(request, _("Dismissed."), undo=undo)
    return http.redirect_back(request, reverse("today:queue"))


@http.page()
def restore(request: Request) -> HttpResponse:
    dismissals.restore(staff=request.staff, key=request.GET.get("key", ""))
    return http.redirect_back(request, reverse("today:queue"))


@http.page()
def unsnooze(request: Request) -> HttpResponse:
    snoozes.unsnooze(staff=request.staff, key=request.GET.get("key", ""))
    return http.redirect_back(request, reverse("today:queue"))

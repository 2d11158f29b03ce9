"""What activities need from staff: approvals, hand-overs, pasted lines, and their lessons."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.activities import eligibility
from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import OPEN, Activity, PastedLine, State
from qunce.console.today import items
from qunce.console.today.items import DECIDE, DO, TodayItem
from qunce.core import errors, permissions
from qunce.core.staff.models import Staff
from qunce.groups import visibility as group_visibility

MAX_ITEMS = 5
REVIEW_AFTER = timedelta(hours=24)
"""After its end, when most of what an activity does has happened."""


def _visible(staff: Staff, *states: State) -> list[Activity]:
    if not permissions.may(staff, activities.RUN):
        return []
    rows = activities.list_visible(staff).filter(state__in=states)
    return list(rows.select_related("community", "by", "submitted_by").order_by("pk"))


@items.register
def activities_to_approve(staff: Staff, at: datetime) -> list[TodayItem]:
    """Activities that need a second person to publish or to cancel them."""
    waiting = [
        each
        for each in _visible(staff, State.IN_REVIEW)
        if lifecycle.may_approve(each, staff)
    ]
    found = [
        TodayItem(
            key=f"activity-approval-{each.pk}-{each.changed_at:%m%d%H%M%S}",
            section=DECIDE,
            icon="check",
            text=_("“%(name)s” waits for your approval") % {"name": each.name},
            reason=_("Submitted by %(name)s")
            % {"name": (each.submitted_by or each.by).name},
            url=reverse("activities:detail", args=[each.pk]),
            action=_("Review"),
            minutes=3,
            due_at=each.starts_at,
            is_late=each.starts_at <= at,
        )
        for each in waiting[:MAX_ITEMS]
    ]
    return found + _cancellations(staff)


def _cancellations(staff: Staff) -> list[TodayItem]:
    asked = [
        each
        for each in _visible(staff, *OPEN, State.CLOSED)
        if each.cancel_asked_by_id not in (None, staff.pk)
        and activities.may_manage(staff, each)
    ]
    return [
        TodayItem(
            key=f"activity-cancel-{each.pk}",
            section=DECIDE,
            icon="x-mark",
            text=_("Cancel “%(name)s”?") % {"name": each.name},
            reason=each.cancel_reason,
            url=reverse("activities:detail", args=[each.pk]),
            action=_("Decide"),
            minutes=2,
        )
        for each in asked[:MAX_ITEMS]
    ]


@items.register
def activities_to_mend(staff: Staff, at: datetime) -> list[TodayItem]:
    """Activities that nobody can join, as their rule is broken."""
    found: list[TodayItem] = []
    for each in _visible(staff, State.SCHEDULED, State.RUNNING):
        fault = eligibility.find_fault(each, at)
        if fault and len(found) < MAX_ITEMS:
            found.append(
                TodayItem(
                    key=f"activity-fault-{each.pk}",
                    section=DECIDE,
                    icon="pause-circle",
                    text=_("Nobody can join “%(name)s”") % {"name": each.name},
                    reason=fault,
                    url=reverse("activities:detail", args=[each.pk]),
                    action=_("Look at it"),
                    minutes=3,
                )
            )
    return found


@items.register
def lines_to_answer(staff: Staff, at: datetime) -> list[TodayItem]:
    """Pasted lines of chats that are not assigned to a member yet."""
    if not permissions.may(staff, activities.RUN):
        return []
    rows = PastedLine.objects.filter(
        activity__in=activities.list_visible(staff).order_by().values("pk"),
        group__in=group_visibility.list_visible(staff).values("pk"),
        state=PastedLine.State.UNSURE,
    )
    counts = rows.order_by("activity").values_list("activity", "activity__name")
    return [
        TodayItem(
            key=f"activity-lines-{pk}-{count}",
            section=DO,
            icon="clipboard-document-list",
            text=ngettext(
                "“%(name)s”: %(n)s pasted line waits for an answer",
                "“%(name)s”: %(n)s pasted lines wait for an answer",
                count,
            )
            % {"name": name, "n": f"{count:,}"},
            reason=_("It is not certain which member wrote it."),
            url=reverse("activities:paste", args=[pk]),
            action=_("Answer"),
            minutes=max(1, count // 3),
        )
        for pk, name, count in counts.annotate(n=models.Count("pk"))[:MAX_ITEMS]
    ]


@items.register
def lessons_to_write(staff: Staff, at: datetime) -> list[TodayItem]:
    """Activities that ended a day ago and have no lesson."""
    if not permissions.may(staff, activities.RUN):
        return []
    rows = activities.list_unreviewed(staff, closed_before=at - REVIEW_AFTER)
    own = [each for each in rows if lifecycle.may_review(each, staff)]
    return [
        TodayItem(
            key=f"activity-lesson-{each.pk}",
            section=DO,
            icon="chart-bar",
            text=_("“%(name)s”: what did you learn?") % {"name": each.name},
            reason=_("It is shown when the next one of this kind is drafted."),
            url=reverse("activities:results", args=[each.pk]),
            action=_("Write one line"),
            minutes=2,
        )
        for each in own[:MAX_ITEMS]
    ]


@items.register
def activities_to_settle(staff: Staff, at: datetime) -> list[TodayItem]:
    """Ended activities of which nothing is left to hand over."""
    return [
        TodayItem(
            key=f"activity-settle-{each.pk}",
            section=DO,
            icon="check",
            text=_("“%(name)s” is over and can be settled") % {"name": each.name},
            reason=_("All that it promised is handed over."),
            url=reverse("activities:detail", args=[each.pk]),
            action=_("Look at it"),
        )
        for each in _visible(staff, State.CLOSED)
        if _is_settleable(each, at)
    ][:MAX_ITEMS]


def _is_settleable(activity: Activity, at: datetime) -> bool:
    try:
        activities.kind_of(activity).check_settleable(activity, at)
    except errors.QunceError:
        return False
    return True

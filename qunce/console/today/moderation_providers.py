"""What moderation needs from staff: cases, appeals, mass actions, stops, dropped rules."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.console.today import items
from qunce.console.today.items import DECIDE, DO, TodayItem
from qunce.core import permissions
from qunce.core.staff.models import Staff
from qunce.groups.moderation import moderation_permissions as own
from qunce.groups.moderation.actions import safety_stops
from qunce.groups.moderation.cases import cases, precision
from qunce.groups.moderation.staff_decisions import appeals, mass_actions


@items.register
def moderation_work(staff: Staff, at: datetime) -> list[TodayItem]:
    """Cases, appeals and mass actions that wait for somebody like this staff member."""
    if not permissions.may(staff, own.DECIDE) or not permissions.may(staff, own.VIEW):
        return []
    found = []
    count = cases.count_queue(by=staff, at=at)
    if count:
        text = ngettext(
            "%(n)s case of moderation waits", "%(n)s cases of moderation wait", count
        )
        reason = _("Rules propose something, or members reported a message.")
        found.append(_item("queue", DO, text, count, reason, "moderation:queue"))
    open_appeals = [
        appeal
        for appeal in appeals.list_open(staff, at)
        if appeals.may_answer(appeal, staff)
    ]
    if open_appeals:
        n = len(open_appeals)
        text = ngettext("%(n)s member objects", "%(n)s members object", n)
        reason = _("Somebody who did not decide the case answers.")
        found.append(_item("appeals", DO, text, n, reason, "moderation:appeal-list"))
    waiting = [
        row
        for row in mass_actions.list_waiting(staff, at)
        if mass_actions.may_answer(row, staff)
    ]
    if waiting:
        n = len(waiting)
        text = ngettext("%(n)s mass action waits", "%(n)s mass actions wait", n)
        reason = _("It needs a second person.")
        found.append(_item("mass", DECIDE, text, n, reason, "moderation:mass-list"))
    return found


@items.register
def moderation_warnings(staff: Staff, at: datetime) -> list[TodayItem]:
    """Rules that only propose since they were wrong, and groups with a safety stop."""
    if not permissions.may(staff, own.MANAGE):
        return []
    found = []
    for rule in precision.list_dropped(staff):
        text = _("The rule “%(name)s” was wrong too often") % {"name": rule}
        found.append(
            TodayItem(
                key=f"moderation-rule-{rule.pk}-{rule.version}",
                section=DECIDE,
                icon="shield-exclamation",
                text=text,
                reason=_("It only proposes now."),
                url=reverse("moderation:rule", args=[rule.pk]),
                action=_("Look at it"),
                minutes=5,
                may_dismiss=True,
            )
        )
    for stop in safety_stops.list_active(staff):
        text = _("Safety stop of moderation in “%(name)s”") % {"name": stop.group}
        found.append(
            TodayItem(
                key=f"moderation-stop-{stop.pk}",
                section=DECIDE,
                icon="shield-exclamation",
                text=text,
                reason=_("Rules acted on too many, and only propose now."),
                url=reverse("moderation:settings"),
                action=_("Look at it"),
                minutes=3,
            )
        )
    return found


def _item(
    key: str, section: str, text: str, count: int, reason: str, view: str
) -> TodayItem:
    return TodayItem(
        key=f"moderation-{key}",
        section=section,
        icon="shield-check",
        text=text % {"n": f"{count:,}"},
        reason=reason,
        url=reverse(view),
        action=_("Decide"),
        minutes=max(1, count // 6),
    )

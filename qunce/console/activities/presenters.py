"""What the pages of activities show: rules as sentences, costs, the live screen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from qunce.activities import eligibility, pasted_lines, results
from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import (
    OPEN,
    STATES,
    Activity,
    PastedLine,
    State,
)
from qunce.activities.eligibility import Counts
from qunce.activities.kinds import base
from qunce.activities.kinds.base import Kind
from qunce.console import http, member_names
from qunce.console.outreach import labels
from qunce.core import money, permissions
from qunce.core.guards.legal_notices import LegalNotice
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.members.people import visibility
from qunce.outreach import activity_messages
from qunce.outreach.replies import conversations
from qunce.outreach.replies.conversations import Filters
from qunce.sales.models import Order

SAMPLE = 10
"""Names of members on the review page."""
LATE = timedelta(minutes=5)
ORDERS = timedelta(minutes=10)
CHIPS = {
    State.RUNNING: "good",
    State.IN_REVIEW: "warn",
    State.PAUSED: "warn",
    State.CANCELLED: "bad",
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """An activity of the list."""

    activity: Activity
    kind: str
    css: str
    people: int


def rows(found: Iterable[Activity], *, by: Staff, at: datetime) -> list[Row]:
    return [
        Row(
            activity=each,
            kind=str(base.get(each.kind).label),
            css=CHIPS.get(State(each.state), ""),
            people=results.collect(activity=each, by=by, at=at).people
            if each.published_at
            else 0,
        )
        for each in found
    ]


def address(activity: Activity, request: http.Request) -> str:
    """The address of the page that members open."""
    path = f"/p/{activity.community.key}/a/{activity.public_id}"
    root = settings.PORTAL_URL or settings.PUBLIC_URL
    return f"{root}{path}" if root else request.build_absolute_uri(path)


def group_text(activity: Activity, kind: Kind, url: str) -> str:
    """The text to copy into groups: what it is, how to take part, and where."""
    lines = [activity.name, activity.text, *kind.describe(activity)]
    how = _("Write “%(word)s” in the group, or open: %(url)s")
    return "\n".join([*lines, how % {"word": kind.keyword, "url": url}])


def describe_rule(by: Staff, rule: Any) -> str:
    return _("nobody") if rule is None else labels.describe_rule(by, rule)


def heading(activity: Activity, request: http.Request) -> dict[str, Any]:
    """What every page of one activity shows."""
    by, kind = request.staff, base.get(activity.kind)
    return {
        "activity": activity,
        "kind": kind,
        "css": CHIPS.get(State(activity.state), ""),
        "groups": list(activity.groups.order_by("name")),
        "may_manage": activities.may_manage(by, activity),
        "may_run": permissions.may(by, activities.RUN),
        "may_approve": lifecycle.may_approve(activity, by),
        "steps": {
            step for step in STATES.transitions if STATES.may(step, activity.state)
        },
        "is_open": activity.state in OPEN,
        "address": address(activity, request),
    }


def review(activity: Activity, request: http.Request) -> dict[str, Any]:
    """What the page before publication shows: who, who not, what it costs at most."""
    by, at, kind = request.staff, request.at, base.get(activity.kind)
    fault = eligibility.find_fault(activity, at)
    counts = Counts(may_join=0, notified=0, both=0)
    people: list[int] = []
    if not fault:
        counts = eligibility.count(activity=activity, by=by, at=at)
        people = eligibility.list_people(activity=activity, by=by, at=at, limit=SAMPLE)
    names = member_names.find(people)
    return {
        "rules": kind.describe(activity),
        "may_join_text": describe_rule(by, activity.may_join),
        "notified_text": describe_rule(by, activity.notified),
        "counts": counts,
        "fault": fault,
        "sample": [(pk, names.get(pk, "")) for pk in people],
        "highest_points": kind.highest_cost(activity).points,
        "highest_money": _amount(kind.highest_cost(activity).money, activity),
        "limits": _limits(activity),
        "announcements": list(activity.announcements.order_by("pk")),
        "notices": _notices(kind, at),
        "group_text": group_text(activity, kind, address(activity, request)),
    }


def _amount(units: int | None, activity: Activity) -> str:
    if units is None:
        return _("no limit")
    return money.format_with_currency(units, activity.community.currency)


def _limits(activity: Activity) -> tuple[str, str]:
    points = activity.points_limit
    return (
        _("no limit") if points is None else f"{points:,}",
        _amount(activity.money_limit, activity),
    )


def _notices(kind: Kind, at: datetime) -> list[tuple[LegalNotice, bool]]:
    return [(notice, notice.is_outdated(at)) for notice in kind.notices]


def live(activity: Activity, request: http.Request) -> dict[str, Any]:
    """The numbers of its hour, of the members and groups whom the reader sees."""
    by, at = request.staff, request.at
    facts = [row.fact_id for row in activity.announcements.all() if row.fact_id]
    return {
        "results": results.collect(activity=activity, by=by, at=at),
        "fault": eligibility.find_fault(activity, at),
        "posts": activity_messages.count_by_state(facts=facts, by=by).total(),
        "not_posted": activity_messages.list_groups_not_posted(facts=facts, by=by),
        "questions": _questions(activity, by, at),
        "orders": _count_orders(by, at),
        "unsure": len(pasted_lines.list_unsure(activity=activity, by=by, at=at)),
        "waiting_texts": [
            row
            for row in activity.announcements.order_by("pk")
            if row.posted_at is None
        ],
        "now": at,
    }


def _questions(activity: Activity, by: Staff, at: datetime) -> int | None:
    """Questions in its groups that have waited longer than LATE; None without the right."""
    if not permissions.may(by, conversations.VIEW):
        return None
    groups = set(activity.groups.values_list("pk", flat=True))
    waiting = conversations.list_visible(by=by, at=at, filters=Filters())
    return sum(
        row.opened_at <= at - LATE and (not groups or row.group_id in groups)
        for row in waiting
    )


def _count_orders(by: Staff, at: datetime) -> int:
    """Orders that were paid in the last minutes, of members whom the reader sees."""
    rows = Order.objects.filter(
        community_id=by.community_id, paid_at__gt=at - ORDERS, paid_at__lte=at
    )
    if not by.is_scoped:
        return rows.count()
    accounts = [pk for pk in rows.values_list("account_id", flat=True) if pk]
    seen = visibility.filter_visible(by=by, accounts=accounts, at=at)
    return sum(pk in seen for pk in accounts)


def spent_rows(found: results.Results, activity: Activity) -> list[tuple[str, ...]]:
    """Reserved, booked and the limit, in points and in money."""
    spent = found.spent
    if spent is None:
        return []
    limits = _limits(activity)
    return [
        (
            _("Points"),
            f"{spent.reserved_points:,}",
            f"{spent.booked_points:,}",
            limits[0],
        ),
        (
            pgettext("budget", "Money"),
            _amount(spent.reserved_money, activity),
            _amount(spent.booked_money, activity),
            limits[1],
        ),
    ]


def line_rows(
    activity: Activity, *, by: Staff, at: datetime
) -> list[tuple[PastedLine, Group, list[tuple[int, str]]]]:
    """The lines that wait for an answer, each with the members who may be meant."""
    return [
        (line, line.group, [(row.pk, str(row)) for row in candidates])
        for line, candidates in pasted_lines.list_unsure(
            activity=activity, by=by, at=at
        )
    ]

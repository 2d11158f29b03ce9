"""What the page of a live session shows: who reserved and came, replay and orders."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from qunce.activities import eligibility, results
from qunce.activities.activities.models import Activity
from qunce.activities.live_sessions import (
    attendance,
    clauses,
    orders,
    people_counts,
    reservations,
    sessions,
)
from qunce.activities.live_sessions.models import LiveAttendance, LiveReservation, State
from qunce.console import http, member_names
from qunce.console.activities import presenters as activity_presenters
from qunce.members.accounts import queries as account_queries

PEOPLE = ("reserved", "came", "unannounced", "missing", "watched")
"""The numbers of people, in the order of the page."""
SEGMENTS = (
    (clauses.ATTENDED, _("Those who came as a segment")),
    (clauses.MISSED, _("Those who did not come as a segment")),
    (clauses.WATCHED, _("Those who watched the replay as a segment")),
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A person with what they reserved and how they came; `reason` why they do not count."""

    account: int
    name: str
    reservation: LiveReservation | None
    attendance: LiveAttendance | None
    reason: str

    @property
    def is_missing(self) -> bool:
        return self.attendance is None and self.has_reserved

    @property
    def has_reserved(self) -> bool:
        return self.reservation is not None and self.reservation.state == State.RESERVED


def detail(activity: Activity, request: http.Request) -> dict[str, Any]:
    """The whole page; numbers are those of the results."""
    session, by, at = sessions.get(activity), request.staff, request.at
    found = results.collect(activity=activity, by=by, at=at)
    numbers = {metric.key: metric for metric in found.metrics}
    typed = sessions.list_typed(activity)
    lines = _lines(activity, request)
    return activity_presenters.heading(activity, request) | {
        "session": session,
        "time_text": sessions.time_text(activity),
        "is_over": at >= session.ends_at,
        "has_started": at >= session.starts_at,
        "may_enter_names": at >= sessions.opens_at(session)
        and activity.state in sessions.SHOWN,
        "platform": activity.settings["platform"],
        "link": activity.settings["link"],
        "guests": activity.settings["guests"],
        "people_numbers": [numbers[key] for key in PEOPLE],
        "segments": SEGMENTS,
        "typed": typed,
        "came": [line for line in lines if line.attendance is not None],
        "absent": [line for line in lines if line.is_missing],
        "cancelled": [
            line for line in lines if line.attendance is None and not line.has_reserved
        ],
        "order_hours": activity.settings["order_hours"],
        "totals": _totals(activity, found.counted, request),
        "rules": _rules(activity),
    }


def _lines(activity: Activity, request: http.Request) -> Sequence[Line]:
    """One line for each person whom the staff see, the earliest first."""
    by, at = request.staff, request.at
    reserved = reservations.list_visible(activity=activity, by=by, at=at)
    came = attendance.list_visible(activity=activity, by=by, at=at)
    accounts = [row.account_id for row in reserved]
    accounts += [row.account_id for row in came]
    persons = account_queries.person_ids(accounts)
    names = member_names.find(accounts)
    reasons = eligibility.find_uncounted(activity.community, accounts, at=at)
    own: dict[int, LiveReservation] = {}
    for row in reserved:
        before = own.get(persons[row.account_id])
        if before is None or before.state == State.CANCELLED:
            own[persons[row.account_id]] = row
    present: dict[int, LiveAttendance] = {}
    for each in came:
        present.setdefault(persons[each.account_id], each)
    first = {persons[account]: account for account in reversed(accounts)}
    return [
        Line(
            account=first[person],
            name=names.get(first[person], ""),
            reservation=own.get(person),
            attendance=present.get(person),
            reason=str(reasons[first[person]].label)
            if first[person] in reasons
            else "",
        )
        for person in dict.fromkeys(persons[account] for account in accounts)
    ]


def _totals(
    activity: Activity, people: Sequence[int], request: http.Request
) -> tuple[orders.Total, ...]:
    came = people_counts.find(activity, people, request.at).came
    return orders.find(activity, came, request.at).totals


def _rules(activity: Activity) -> dict[str, str]:
    """Step → the rule of those members, to be opened as a segment."""
    return {
        step: json.dumps(
            {
                clauses.LiveSessionClause.name: {
                    "activity": activity.public_id,
                    "step": step,
                }
            }
        )
        for step in clauses.STEPS
    }

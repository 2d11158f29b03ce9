"""What the pages of activities show: rules as sentences, costs, the texts to copy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from qunce.activities import announcements, eligibility, pasted_lines, results
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
from qunce.core import errors, money, permissions
from qunce.core.guards.legal_notices import LegalNotice
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.members.personal_links import links, portal_settings

SAMPLE = 10
"""Names of members on the review page."""
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


def path(activity: Activity) -> str:
    """The path of the page that members open, where staff can always look at it."""
    return f"{links.PATH}{activity.community.key}/a/{activity.public_id}"


def address(activity: Activity) -> str:
    """The address for texts that members read, "" while they cannot open it."""
    return portal_settings.find_address(activity.community, f"a/{activity.public_id}")


def group_text(activity: Activity, kind: Kind) -> str:
    """The text to copy into groups: what it is, how to take part, and where."""
    how, values = _("Write “%(word)s” in the group."), {"word": kind.keyword}
    url = address(activity)
    if url:
        how = _("Write “%(word)s” in the group, or open: %(url)s")
        values["url"] = url
    rules = kind.describe(activity, has_page=bool(url))
    return "\n".join([activity.name, activity.text, *rules, how % values])


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
        "may_review": lifecycle.may_review(activity, by),
        # Before the end that members have read, closing it is a cancellation.
        "ends_early": STATES.may("close", activity.state)
        and activity.ends_at is not None
        and not kind.may_close_early,
        "address": address(activity),
        "page_path": path(activity),
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
        "missing": _missing(activity, at) if activity.state == State.DRAFT else "",
        "sample": [(pk, names.get(pk, "")) for pk in people],
        "highest_cost": _highest_cost(kind, activity),
        "limits": _limits(activity),
        "announcements": list(activity.announcements.order_by("pk")),
        "announced_in": len(announcements.list_groups(activity)),
        "notices": _notices(kind, at),
        "group_text": group_text(activity, kind),
    }


def _missing(activity: Activity, at: datetime) -> str:
    """What it lacks before it can be submitted, "" if nothing."""
    try:
        lifecycle.check_publishable(activity, at)
    except errors.QunceError as error:
        return str(error)
    return ""


def _highest_cost(kind: Kind, activity: Activity) -> str:
    """The points and the money that it costs at most, without those that it never costs."""
    cost = kind.highest_cost(activity)
    if cost.points is None:
        parts = [_("no limit")]
    else:
        parts = [_("%(n)s points") % {"n": f"{cost.points:,}"}] if cost.points else []
    if cost.money != 0:
        parts.append(_amount(cost.money, activity))
    return " · ".join(dict.fromkeys(parts)) or _("no cost")


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

"""What a member reads of their level, badges and memberships."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from qunce.activities.activities.models import Activity, Entry
from qunce.activities.check_ins import check_ins
from qunce.activities.check_ins.streaks import RestDays
from qunce.activities.levels import cards, level_phrases
from qunce.activities.levels.cards import Standing
from qunce.activities.points import balances
from qunce.members.accounts import queries as account_queries
from qunce.portal.visitors.visitors import Visitor

MAX_STREAKS = 3


@dataclass(frozen=True)
class BadgeRow:
    letters: str
    name: str
    description: str
    day: datetime


@dataclass(frozen=True)
class RungRow:
    name: str
    points: str
    benefits: str
    is_own: bool


def card(visitor: Visitor, at: datetime) -> dict[str, Any] | None:
    """The card of the visitor, None without levels, badges and memberships."""
    account = visitor.signed_in
    if account is None:
        return None
    found = cards.find(account_id=account, at=at)
    if found.is_empty:
        return None
    return {
        "is_on": found.is_on,
        "level": found.level.name if found.level else "",
        "title": found.level.title if found.level else "",
        "until": found.until,
        "points": _number(found.points),
        "period": found.period,
        "next": found.next_level.name if found.next_level else "",
        "missing": _number(found.missing),
        "share": found.share,
        "benefits": found.benefits,
        "ladder": [
            RungRow(
                each.name, _number(each.points), " · ".join(each.benefits), each.is_own
            )
            for each in found.ladder
        ],
        "badges": [
            BadgeRow(
                each.badge.letters, each.badge.name, each.badge.description, each.at
            )
            for each in found.badges
        ],
        "memberships": [
            (held.plan.name, level_phrases.day(held.last_day))
            for held in found.memberships
        ],
        "usable": _number(balances.balance(account_id=account, at=at).usable),
    }


def picture_rows(account: int, at: datetime) -> Sequence[tuple[str, str]]:
    """The rows of the card as a picture: level, points, streak, badges, membership."""
    found = cards.find(account_id=account, at=at)
    rows: list[tuple[str, str]] = []
    if found.is_on:
        rows += _level_rows(found)
    held = balances.balance(account_id=account, at=at)
    if held.usable or held.pending or found.is_on:
        rows.append((_("Usable points"), _number(held.usable)))
    rows += _streak_rows(account, at)
    if found.badges:
        names = " · ".join(each.badge.name for each in found.badges)
        rows.append((_("Badges"), names))
    rows += [
        (each.plan.name, _("until %(day)s") % {"day": level_phrases.day(each.last_day)})
        for each in found.memberships
    ]
    return rows


def _level_rows(found: Standing) -> list[tuple[str, str]]:
    if found.level is None:
        rows = [(pgettext("column", "Level"), _("no level"))]
    else:
        rows = [(pgettext("column", "Level"), found.level.name)]
        if found.until:
            rows.append((_("Kept until"), found.until))
        rows += [(_("Benefit"), text) for text in found.benefits]
    if found.next_level is not None:
        label = _("Points to %(level)s") % {"level": found.next_level.name}
        rows.append((label, _number(found.missing)))
    return rows


def _streak_rows(account: int, at: datetime) -> list[tuple[str, str]]:
    accounts = account_queries.account_ids_of_person(account)
    joined = Entry.objects.filter(account_id__in=accounts, struck_out_at__isnull=True)
    rows = Activity.objects.filter(
        kind="check_in", pk__in=joined.values("activity"), published_at__isnull=False
    ).select_related("community")
    found = []
    for activity in rows.order_by("-starts_at", "-pk")[:MAX_STREAKS]:
        streak = check_ins.find_streak(activity, accounts)
        rest = RestDays.of(activity.settings)
        length = streak.current(activity.community.day(at), rest)
        if length:
            days = _("%(n)s days in a row") % {"n": length}
            found.append((activity.name, days))
    return found


def _number(points: int) -> str:
    return f"{points:,}"

"""What a member reads of points: their own, and the leaderboard with masked names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from qunce.activities.levels import cards
from qunce.activities.points import balances, leaderboard, phrases, point_settings
from qunce.core.staff import models as staff_models
from qunce.members.accounts import queries as account_queries
from qunce.members.personal_links import masked_names
from qunce.portal.visitors.visitors import Visitor

MAX_ENTRIES = 10
MAX_ROWS = 10


@dataclass(frozen=True)
class Row:
    """A place of the leaderboard; `points` is written for people."""

    rank: int
    name: str
    points: str
    is_own: bool
    title: str = ""


@dataclass(frozen=True)
class EntryRow:
    day: datetime
    kind: str
    why: str
    points: str


def own_points(visitor: Visitor, at: datetime) -> dict[str, Any] | None:
    """The balance and the last changes of the visitor, None without any."""
    account = visitor.signed_in
    if account is None:
        return None
    accounts = account_queries.account_ids_of_person(account)
    entries = balances.history_of(accounts, limit=MAX_ENTRIES)
    if not entries:
        return None
    found = balances.balance(account_id=account, at=at)
    expiry = found.next_expiry
    return {
        "usable": _number(found.usable),
        "owed": _number(found.owed) if found.owed else "",
        "pending": _number(found.pending) if found.pending else "",
        "expiring": _number(expiry.points) if expiry else "",
        "last_day": expiry.last_day if expiry else None,
        "entries": [
            EntryRow(
                entry.at,
                str(entry.kind.label),
                # The reason of points by hand is a note of staff to staff.
                entry.rule,
                f"{entry.points:+,}" if entry.points else "0",
            )
            for entry in entries
        ],
    }


def leaderboard_of(
    visitor: Visitor, at: datetime, kind: str = "month"
) -> dict[str, Any] | None:
    """The first places of the current day, week or month or of all time, and the visitor's.

    None where members do not see it, or nobody is on it whom the visitor could follow.
    """
    account, community = visitor.signed_in, visitor.community
    if account is None or not point_settings.get(community).has_leaderboard:
        return None
    period = leaderboard.parse_period(kind, community.day(at))
    # Pages that are read store nothing, not even the account of the system.
    system = staff_models.system_for_preview(community)
    places = leaderboard.load(
        by=system, at=at, period=period, limit=leaderboard.MAX_SEARCHED
    )
    is_opted_out = leaderboard.is_opted_out(account)
    accounts = account_queries.account_ids_of_person(account)
    own = [place for place in places if place.person == accounts[0]]
    shown = places[:MAX_ROWS] + [
        place for place in own if place not in places[:MAX_ROWS]
    ]
    names = _find_names(place.person for place in shown)
    titles = cards.find_titles(community, [place.person for place in shown], at)
    points = leaderboard.points_of(accounts, period)
    is_beyond = len(places) == leaderboard.MAX_SEARCHED and not own
    return {
        "period": phrases.period_text(period),
        "kind": kind,
        "kinds": phrases.PERIODS,
        "is_opted_out": is_opted_out,
        "own_points": _number(points) if points > 0 and is_beyond else "",
        "searched": _number(leaderboard.MAX_SEARCHED),
        "is_empty": not places and not is_opted_out,
        "rows": [
            Row(
                place.rank,
                masked_names.mask(names.get(place.person, "")),
                _number(place.points),
                place.person == accounts[0],
                titles.get(place.person, ""),
            )
            for place in shown
        ],
    }


def _find_names(people: Iterable[int]) -> dict[int, str]:
    """The first name that a person has with any of their accounts."""
    by_person = account_queries.accounts_by_person(people)
    person_of = account_queries.invert(by_person)
    names: dict[int, str] = {}
    for account, name in account_queries.list_names(list(person_of)):
        if name.strip():
            names.setdefault(person_of[account], name)
    return names


def _number(points: int) -> str:
    return f"{points:,}"

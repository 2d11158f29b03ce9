"""The account of retained members: opening + joined + came back − left = closing.

The numbers of the community are those of the metrics `opening_members`, `new_members`,
`returns`, `leaves` and `members` over the same span. Those of a group count people, who
are in it with any of their accounts.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.core import community_days, errors
from qunce.core.staff import scopes
from qunce.insight import breakdowns
from qunce.insight.breakdowns import Breakdown
from qunce.sets import audiences, daily_totals, presence_changes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from pyroaring import BitMap

    from qunce.core.staff.models import Staff

MAX_DAYS = 3_660
COLUMNS = ("opening", "joined", "returned", "left", "closing")


class InvalidSpan(errors.Invalid):
    """The span ends before it begins, is too long, or is in the future."""


@dataclass(frozen=True)
class Account:
    """`returned` is None for a group, where it is part of `joined`."""

    key: str
    label: str
    opening: int
    joined: int
    returned: int | None
    left: int
    closing: int


@dataclass(frozen=True)
class Statement:
    """`lines` are by source and add up to `total`."""

    first: date
    last: date
    total: Account
    lines: tuple[Account, ...]


def compute(
    *, first: date, last: date, by: Staff, at: datetime, group: str | None = None
) -> Statement:
    """The account of the community or of a group, of the members whom `by` sees."""
    days = _check_span(first, last, by, at)
    parts = breakdowns.load_parts(Breakdown("source"), by=by, at=at)
    if group is not None:
        scopes.check_groups(by, [group])
        moves = _read_group(group, days, by, at)
        total = _account_of_group("", "", moves, None)
        lines = [_account_of_group(p.key, p.label, moves, p.people) for p in parts]
    else:
        everyone = _visible(by, at)
        total = _account("", "", everyone, days, by, at)
        lines = [_account(p.key, p.label, p.people, days, by, at) for p in parts]
    shown = tuple(line for line in lines if line.opening or line.closing or line.joined)
    return Statement(first, last, total, shown)


def _check_span(first: date, last: date, by: Staff, at: datetime) -> tuple[int, int]:
    today = by.community.day(at)
    days = community_days.from_date(first), community_days.from_date(last)
    if not 0 <= days[1] - days[0] < MAX_DAYS:
        raise InvalidSpan(
            _(
                "Give a first day that is not after the last one, and at most %(n)s days."
            )
            % {"n": f"{MAX_DAYS:,}"}
        )
    if days[1] > today or first.year < 1970:
        raise InvalidSpan(_("Give days between 1970 and today."))
    return days


def _visible(by: Staff, at: datetime) -> BitMap:
    rule = {"with_left": audiences.EVERYONE}
    return audiences.people(community=by.community, rule=rule, by=by, at=at)


def _account(
    key: str,
    label: str,
    people: BitMap,
    days: tuple[int, int],
    by: Staff,
    at: datetime,
) -> Account:
    changes = presence_changes.count_by_day(
        community=by.community, first=days[0], last=days[1], at=at, among=people
    )
    return Account(
        key,
        label,
        changes.opening,
        sum(changes.joined),
        sum(changes.returned),
        sum(changes.left),
        changes.present[-1],
    )


# Of a group


@dataclass(frozen=True)
class GroupMoves:
    """The people in a group before and after a span; how often each came and went."""

    opening: frozenset[int]
    closing: frozenset[int]
    joined: Counter[int]
    left: Counter[int]


def _read_group(
    group: str, days: tuple[int, int], by: Staff, at: datetime
) -> GroupMoves:
    """The moves of the members whom `by` sees, walked back from the members of today.

    A person is in the group as long as one of their accounts is.
    """
    community = by.community
    group_id = daily_totals.get_group_id(community, group)
    weights = daily_totals.weights_by_person(
        community=community, kind="group", ref=group_id, at=at
    )
    now = audiences.people(
        community=community, rule={"group": {"any": [group]}}, by=by, at=at
    )
    visible = _visible(by, at)
    changes: dict[int, dict[int, int]] = {}
    for kind, sign in (("group.joined", 1), ("group.left", -1)):
        totals = daily_totals.load(
            community=community,
            kinds=[kind],
            groups=[group_id],
            first=days[0],
            last=max(days[1], community.day(at)),
            at=at,
        )
        rows = zip(
            totals.days.tolist(),
            totals.person_ids.tolist(),
            totals.counts.tolist(),
            strict=True,
        )
        for day, person, count in rows:
            if person in visible:
                by_person = changes.setdefault(day, {})
                by_person[person] = by_person.get(person, 0) + sign * count
    accounts = {person: weights.get(person, 0) for person in now}
    closing: frozenset[int] | None = None
    joined: Counter[int] = Counter()
    left: Counter[int] = Counter()
    for day in sorted(changes, reverse=True):
        if closing is None and day <= days[1]:
            closing = _present(accounts)
        for person, change in changes[day].items():
            after = accounts.get(person, 0)
            accounts[person] = after - change
            if day <= days[1]:
                joined[person] += after - change <= 0 < after
                left[person] += after <= 0 < after - change
    opening = _present(accounts)
    return GroupMoves(opening, opening if closing is None else closing, joined, left)


def _present(accounts: dict[int, int]) -> frozenset[int]:
    return frozenset(person for person, number in accounts.items() if number > 0)


def _account_of_group(
    key: str, label: str, moves: GroupMoves, people: BitMap | None
) -> Account:
    def count(found: Iterable[int]) -> int:
        return sum(people is None or person in people for person in found)

    def times(found: Counter[int]) -> int:
        return sum(n for who, n in found.items() if people is None or who in people)

    return Account(
        key,
        label,
        count(moves.opening),
        times(moves.joined),
        None,
        times(moves.left),
        count(moves.closing),
    )


# Spans


def default_span(by: Staff, at: datetime) -> tuple[date, date]:
    """The last 28 complete days."""
    yesterday = community_days.to_date(by.community.day(at)) - timedelta(days=1)
    return yesterday - timedelta(days=27), yesterday


def find_people(
    *,
    column: str,
    first: date,
    last: date,
    by: Staff,
    at: datetime,
    group: str | None = None,
    part: breakdowns.Part | None = None,
) -> BitMap:
    """The people behind a number of the account; `column` is one of COLUMNS."""
    if column not in COLUMNS or (group is not None and column == "returned"):
        raise errors.NotFound(_("The account has no such number."))
    days = _check_span(first, last, by, at)
    visible = _visible(by, at) if part is None else part.people
    if group is None:
        return presence_changes.find_people(
            community=by.community,
            column=column,
            first=days[0],
            last=days[1],
            at=at,
            among=visible,
        )
    scopes.check_groups(by, [group])
    moves = _read_group(group, days, by, at)
    found: Iterable[int] = getattr(moves, column)
    if isinstance(found, Counter):
        found = [person for person, times in found.items() if times]
    empty = visible - visible
    empty.update(found)
    return empty & visible

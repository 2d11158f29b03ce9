"""What members can still spend, in points and money, by the month in which it expires."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from qunce.activities.points import expiry, lot_rows, point_settings, rules
from qunce.activities.points.periods import month_of
from qunce.core import db, lots
from qunce.core.lots import Lot

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff


@dataclass(frozen=True)
class Line:
    """`month` is None for what never expires; `is_held` for what only cases still hold."""

    month: date | None
    points: int
    cost: int
    is_held: bool = False


@dataclass(frozen=True)
class Liability:
    """`owed` is what members owe, which later earnings pay."""

    lines: tuple[Line, ...]
    points: int
    cost: int
    owed: int


def load(*, by: Staff, at: datetime) -> Liability:
    """All that is left in lots, as of the day of `at`; for staff who see all members."""
    rules.check_may_manage(by)
    return compute(by.community, at)


def compute(community: Community, at: datetime) -> Liability:
    day = community.day(at)
    sums_by_day = _read_sums(community, day)
    held = _count_held(community, day)
    cost = point_settings.get(community).cost
    by_month: Counter[int | None] = Counter()
    for last_day, points in sums_by_day.items():
        by_month[None if last_day == lots.NEVER else month_of(last_day)] += points
    lines = [
        Line(_first_of(month), points, points * cost // 1_000)
        for month, points in sorted(
            by_month.items(), key=lambda one: (one[0] is None, one[0] or 0)
        )
        if points
    ]
    if held:
        lines.insert(0, Line(None, held, held * cost // 1_000, is_held=True))
    total = sum(line.points for line in lines)
    owed = db.rows(
        "SELECT COALESCE(SUM(owed), 0) FROM point_account WHERE community_id = %s"
        " AND owed > 0",
        [community.pk],
    )[0][0]
    return Liability(tuple(lines), total, total * cost // 1_000, int(owed))


def _read_sums(community: Community, day: int) -> Mapping[int, int]:
    rows = db.rows(
        "SELECT last_day, SUM(points) FROM point_liability"
        " WHERE community_id = %s AND last_day >= %s GROUP BY last_day",
        [community.pk, day],
    )
    return {last_day: int(points) for last_day, points in rows}


def _count_held(community: Community, day: int) -> int:
    """What is past its last day and held by a case; the rest has expired."""
    rows = db.rows(
        f'{lot_rows.SELECT} WHERE community_id = %s AND last_day < %s AND "left" > 0',
        [community.pk, day],
    )
    due = [Lot(*row) for row in rows]
    cases = expiry.list_cases(community, [lot.account for lot in due])
    return sum(
        lot.left
        for lot in due
        if lots.held_until(lot.last_day, cases.get(lot.account, [])) >= day
    )


def _first_of(month: int | None) -> date | None:
    return None if month is None else date(month // 12, month % 12 + 1, 1)


def recount(community: Community) -> dict[int, int]:
    """What is left by last day, added up from the lots; the doctor compares it."""
    rows = db.rows(
        'SELECT last_day, SUM("left") FROM point_lot'
        ' WHERE community_id = %s AND "left" > 0 GROUP BY last_day',
        [community.pk],
    )
    return {last_day: int(points) for last_day, points in rows}


def stored(community: Community) -> dict[int, int]:
    rows = db.rows(
        "SELECT last_day, SUM(points) FROM point_liability"
        " WHERE community_id = %s GROUP BY last_day",
        [community.pk],
    )
    return {last_day: int(points) for last_day, points in rows if points}

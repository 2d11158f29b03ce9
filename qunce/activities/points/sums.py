"""Sums kept beside the lots: what expires on which day, and what was earned in a month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from qunce.activities.points.models import SHARDS
from qunce.core import community_days, db

ADD_LIABILITY = (
    "INSERT INTO point_liability (community_id, last_day, shard, points) VALUES",
    "ON CONFLICT (community_id, last_day, shard)"
    " DO UPDATE SET points = point_liability.points + excluded.points",
)
ADD_SCORE = (
    "INSERT INTO point_score (account_id, month, community_id, points) VALUES",
    "ON CONFLICT (account_id, month)"
    " DO UPDATE SET points = point_score.points + excluded.points",
)

Change = tuple[int, int, int]
"""An account, a last day or month, and how many points more or less."""


def month_of(day: int) -> int:
    """The month of a community day, counted from year 0."""
    date = community_days.to_date(day)
    return date.year * 12 + date.month - 1


def add_liability(community_id: int, changes: Iterable[Change]) -> None:
    """Add to what is left by last day; rows in one order, so that nobody waits in a circle."""
    sums: dict[tuple[int, ...], int] = {}
    for account, last_day, points in changes:
        row = community_id, last_day, account % SHARDS
        sums[row] = sums.get(row, 0) + points
    _add(ADD_LIABILITY, sums)


def add_scores(community_id: int, changes: Iterable[Change]) -> None:
    """Add to what accounts earned by month."""
    sums: dict[tuple[int, ...], int] = {}
    for account, month, points in changes:
        row = account, month, community_id
        sums[row] = sums.get(row, 0) + points
    _add(ADD_SCORE, sums)


def _add(statement: tuple[str, str], sums: Mapping[tuple[int, ...], int]) -> None:
    into, on_conflict = statement
    rows = [(*row, sums[row]) for row in sorted(sums) if sums[row]]
    db.insert(into, rows, on_conflict=on_conflict)

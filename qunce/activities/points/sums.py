"""Sums kept beside the lots: what expires on which day, and what was earned in a period."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from qunce.activities.points.models import SHARDS
from qunce.activities.points.periods import ALL, period_of, week_of
from qunce.core import db

ADD_LIABILITY = (
    "INSERT INTO point_liability (community_id, last_day, shard, points) VALUES",
    "ON CONFLICT (community_id, last_day, shard)"
    " DO UPDATE SET points = point_liability.points + excluded.points",
)
ADD_SCORE = (
    "INSERT INTO point_score (account_id, period, community_id, points) VALUES",
    "ON CONFLICT (account_id, period)"
    " DO UPDATE SET points = point_score.points + excluded.points",
)
DAYS_KEPT, WEEKS_KEPT = 31, 12
"""How many of the last days and weeks have scores."""
ROWS_PER_DELETE = 5_000

Change = tuple[int, int, int]
"""An account id, a community day, and the points to add, which can be negative."""


def add_liability(community_id: int, changes: Iterable[Change]) -> None:
    """Add to what is left by last day; rows in one order, so that nobody waits in a circle."""
    sums: dict[tuple[int | str, ...], int] = {}
    for account, last_day, points in changes:
        row: tuple[int | str, ...] = community_id, last_day, account % SHARDS
        sums[row] = sums.get(row, 0) + points
    into, on_conflict = ADD_LIABILITY
    db.insert(into, _sorted(sums), on_conflict=on_conflict)


def add_scores(community_id: int, changes: Iterable[Change], *, today: int) -> None:
    """Add to what accounts earned on a day, in all periods that `today` keeps."""
    sums: dict[tuple[int | str, ...], int] = {}
    for account, day, points in changes:
        for period in list_periods(day, today):
            row = account, period, community_id
            sums[row] = sums.get(row, 0) + points
    into, on_conflict = ADD_SCORE
    db.insert(into, _sorted(sums), on_conflict=on_conflict)


def list_periods(day: int, today: int) -> Iterator[str]:
    """The periods of a day in which scores are kept."""
    yield ALL
    yield period_of("m", day)
    if week_of(day) > week_of(today) - WEEKS_KEPT:
        yield period_of("w", day)
    if day > today - DAYS_KEPT:
        yield period_of("d", day)


def prune_scores(community_id: int, today: int) -> int:
    """Delete a part of the scores of days and weeks that are not kept; returns how many.

    Numbers of days and weeks have the same length for centuries, and so sort as texts.
    """
    done = 0
    for kind, first in (
        ("d", f"d{today - DAYS_KEPT + 1}"),
        ("w", f"w{week_of(today) - WEEKS_KEPT + 1}"),
    ):
        done += db.execute(
            "DELETE FROM point_score WHERE id IN (SELECT id FROM point_score"
            " WHERE community_id = %s AND period >= %s AND period < %s LIMIT %s)",
            [community_id, kind, first, ROWS_PER_DELETE],
        )
    return done


def _sorted(sums: Mapping[tuple[int | str, ...], int]) -> list[tuple[int | str, ...]]:
    return [(*row, sums[row]) for row in sorted(sums, key=str) if sums[row]]

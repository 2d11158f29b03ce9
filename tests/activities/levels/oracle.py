"""Levels, decided slowly: day by day and entry by entry, from the sentences of the guide."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from qunce.core import community_days

MONTHS = {"month": 1, "quarter": 3, "year": 12}


def period_of(period: str, day: date) -> int:
    return (day.year * 12 + day.month - 1) // MONTHS[period]


def level(
    *,
    period: str,
    days: int,
    grace: int,
    thresholds: Sequence[int],
    earned: Sequence[tuple[date, int]],
    on: date,
) -> int:
    """The index of the level on a day, -1 for none, with thresholds that never change."""
    reached = [
        _reached(thresholds, points)
        for points in _sums(period, days, grace, earned, on)
    ]
    return max(reached, default=-1)


def _sums(
    period: str, days: int, grace: int, earned: Sequence[tuple[date, int]], on: date
) -> list[int]:
    if period == "rolling":
        found = []
        for back in range(grace + 1):
            last = on - timedelta(days=back)
            first = last - timedelta(days=days - 1)
            found.append(sum(points for day, points in earned if first <= day <= last))
        return found
    now = period_of(period, on)
    counted = [now, now - 1]
    # During the days of grace, what the period before the last one had reached is kept.
    if any(
        period_of(period, on - timedelta(days=back)) == now - 1
        for back in range(1, grace + 1)
    ):
        counted.append(now - 2)
    return [
        sum(points for day, points in earned if period_of(period, day) == number)
        for number in counted
    ]


def _reached(thresholds: Sequence[int], points: int) -> int:
    return max(
        (index for index, needed in enumerate(thresholds) if points >= needed),
        default=-1,
    )


def until(
    *,
    period: str,
    days: int,
    grace: int,
    thresholds: Sequence[int],
    earned: Sequence[tuple[date, int]],
    on: date,
) -> date | None:
    """The last day of the level, None if there is none; looks at each day that comes."""

    def of(day: date) -> int:
        return level(
            period=period, days=days, grace=grace, thresholds=thresholds,
            earned=earned, on=day,
        )  # fmt: skip

    now = of(on)
    if now < 0:
        return None
    day = on
    while of(day + timedelta(days=1)) >= now:
        day += timedelta(days=1)
    return day


def number(day: date) -> int:
    return community_days.from_date(day)

"""Streaks: days in a row on which somebody checked in. Pure.

Days are numbers since 1970-01-01, see `community_days`. A rest day breaks no streak, and
counts if somebody checks in on it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from qunce.core import community_days, timestamps
from qunce.core.communities import Community

LATE = timedelta(minutes=10)
"""How long after the end of a day a check-in from a page of that day counts for it."""
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MAX_REST = 400
"""Days in a row that are looked at for one that is no rest day."""


@dataclass(frozen=True)
class RestDays:
    """Days of the week (0 is Monday) and single days on which nobody has to check in."""

    weekdays: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> RestDays:
        """Those in the settings of an activity."""
        dates = settings.get("rest_dates", ())
        return cls(
            frozenset(map(WEEKDAYS.index, settings.get("rest_weekdays", ()))),
            frozenset(map(community_days.from_date, map(date.fromisoformat, dates))),
        )

    def __contains__(self, day: int) -> bool:
        # 1970-01-01 was a Thursday.
        return (day + 3) % 7 in self.weekdays or day in self.days


@dataclass(frozen=True)
class Streak:
    """`length` is the latest one, up to `last_day`; `longest` and `total` are of all."""

    length: int = 0
    longest: int = 0
    total: int = 0
    last_day: int | None = None

    def current(self, today: int, rest: RestDays) -> int:
        """The days in a row as of `today`, 0 once a day was missed."""
        if self.last_day is None or self.last_day < last_required(today, rest):
            return 0
        return self.length


def compute(days: Collection[int], rest: RestDays) -> Streak:
    """The streak of somebody who checked in on these days."""
    length = longest = 0
    last: int | None = None
    for day in sorted(days):
        is_next = last is not None and all(
            missed in rest for missed in range(last + 1, day)
        )
        length = length + 1 if is_next else 1
        longest, last = max(longest, length), day
    return Streak(length, longest, len(days), last)


def find_run(day: int, days: Collection[int], rest: RestDays) -> list[int]:
    """The days in a row with `day`, which is one of `days`, in their order."""
    run: list[int] = []
    for each in sorted(days):
        if run and any(missed not in rest for missed in range(run[-1] + 1, each)):
            if each > day:
                break
            run = []
        run.append(each)
    return run


def reaches_multiple(
    day: int, run: Collection[int], rest: RestDays, *, every: int
) -> bool:
    """Whether `day` lets a run reach a multiple of `every` that its parts had not reached.

    One day never adds more than one multiple.
    """
    before = sum(each < day for each in run)
    after = len(run) - 1 - before
    parts = [before + after] if day in rest else [before, after]
    return len(run) // every > sum(part // every for part in parts)


def last_required(today: int, rest: RestDays) -> int:
    """The last day before `today` on which somebody had to check in.

    Whoever checked in on it, or since, has an unbroken streak today.
    """
    day = today - 1
    while day in rest and today - day <= MAX_REST:
        day -= 1
    return day


def list_missed(
    days: Collection[int], rest: RestDays, *, first: int, today: int, within: int
) -> list[int]:
    """The missed days of the last `within` ones, the newest first; none before `first`."""
    candidates = range(today - 1, max(first, today - within) - 1, -1)
    return [day for day in candidates if day not in days and day not in rest]


def day_of(
    community: Community,
    *,
    at: datetime,
    served_at: datetime | None,
    said_at: datetime | None = None,
    taken: Collection[int] = (),
) -> int:
    """The community day for which a check-in counts that arrives `at`.

    What was said in a chat counts for the day `said_at`.
    It is the day of its arrival, or the one before if the page was served then and not
    more than LATE of the new day is over. `taken` are days that are checked in already.
    """
    day = community.day(said_at if said_at is not None and said_at < at else at)
    if said_at is not None:
        return day
    if served_at is None or served_at > at or community.day(served_at) != day - 1:
        return day
    start = community_days.start_of(community.timezone, community.day_start, day)
    is_in_time = at - timestamps.from_micros(start) <= LATE
    return day - 1 if is_in_time and day - 1 not in taken else day

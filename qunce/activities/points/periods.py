"""Periods of caps and leaderboards: days, weeks, months and all time, by community days.

A period is stored as `d20518`, `w2931`, `m24315` or `all`. Days count from 1970-01-01,
weeks from the one of that day, and months from year 0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _

from qunce.core import community_days, errors

ALL = "all"
NAMES = {"day": "d", "week": "w", "month": "m"}
DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
WEEK = re.compile(r"(\d{4})-W(\d{2})", re.IGNORECASE)
MONTH = re.compile(r"(\d{4})-(\d{2})")
FIRST_YEAR, LAST_YEAR = 1970, 9998
ONCE_FIRST = 3
"""1970-01-01, day 0, was a Thursday; weeks begin on Monday."""


class InvalidPeriod(errors.Invalid):
    """The text names no period."""


@dataclass(frozen=True)
class Period:
    """`kind` is d, w, m or `all`, whose `number` is 0."""

    kind: str
    number: int = 0

    @property
    def key(self) -> str:
        return ALL if self.kind == ALL else f"{self.kind}{self.number}"

    @property
    def first(self) -> date | None:
        """Its first day, None for all time."""
        return (
            None if self.kind == ALL else community_days.to_date(first_day_of(self.key))
        )

    @property
    def last(self) -> date | None:
        after = self.move(1).first
        return None if after is None else after - timedelta(days=1)

    @property
    def text(self) -> str:
        """How `parse` reads it: 2026-03-05, 2026-W10, 2026-03 or all."""
        first = self.first
        if first is None:
            return ALL
        if self.kind == "w":
            year, week, _day = first.isocalendar()
            return f"{year:04}-W{week:02}"
        return f"{first:%Y-%m-%d}" if self.kind == "d" else f"{first:%Y-%m}"

    def move(self, by: int) -> Period:
        """The period that comes `by` after it, or before it if below zero."""
        return self if self.kind == ALL else Period(self.kind, self.number + by)


def of_day(kind: str, day: int) -> Period:
    """The period of a kind that a community day is in."""
    if kind == ALL:
        return Period(ALL)
    return Period(kind, int(period_of(kind, day)[1:]))


def parse(text: str, today: int) -> Period:
    """A period from a text; `day`, `week` and `month` are those of `today`."""
    text = text.strip()
    if text.lower() == ALL:
        return Period(ALL)
    if text.lower() in NAMES:
        return of_day(NAMES[text.lower()], today)
    try:
        if match := DAY.fullmatch(text):
            return _of_date("d", date(*map(int, match.groups())))
        if match := WEEK.fullmatch(text):
            year, week = map(int, match.groups())
            return _of_date("w", date.fromisocalendar(year, week, 1))
        if match := MONTH.fullmatch(text):
            return _of_date("m", date(int(match[1]), int(match[2]), 1))
    except ValueError:
        pass
    raise InvalidPeriod(
        _(
            "“%(text)s” is no period. Write a day such as 2026-03-05, a week such as "
            "2026-W10, a month such as 2026-03, or all."
        )
        % {"text": text[:40]}
    )


def _of_date(kind: str, day: date) -> Period:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(day)
    return of_day(kind, community_days.from_date(day))


def month_of(day: int) -> int:
    """The month of a community day, counted from year 0."""
    found = community_days.to_date(day)
    return found.year * 12 + found.month - 1


def week_of(day: int) -> int:
    return (day + ONCE_FIRST) // 7


def period_of(kind: str, day: int) -> str:
    """The stored form of the day, week or month that a community day is in."""
    if kind == "d":
        return f"d{day}"
    return f"w{week_of(day)}" if kind == "w" else f"m{month_of(day)}"


def first_day_of(period: str) -> int:
    """The first community day of a day, week or month."""
    kind, number = period[0], int(period[1:])
    if kind == "d":
        return number
    if kind == "w":
        return number * 7 - ONCE_FIRST
    year, month = divmod(number, 12)
    return community_days.from_date(date(year, month + 1, 1))

"""Community days and time windows, computed minute by minute from the wall clock."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

MINUTES_BACK = 180
"""No clock is set back by more, so times shown earlier do not matter."""


@dataclass(frozen=True)
class Clock:
    zone: str
    start: int = 0

    def day(self, moment: datetime) -> date:
        """A day begins when the wall clock first shows its start or skips it.

        So the latest day that the clock has shown counts; setting the clock back does
        not return to yesterday.
        """
        return _day(self.zone, self.start, moment)


@functools.lru_cache(maxsize=100_000)
def _day(zone: str, start: int, moment: datetime) -> date:
    shown = (
        (moment - timedelta(minutes=ago))
        .astimezone(ZoneInfo(zone))
        .replace(tzinfo=None)
        for ago in range(MINUTES_BACK)
    )
    return max((wall - timedelta(minutes=start)).date() for wall in shown)


def as_date(text: str) -> date:
    return date.fromisoformat(text)


def hours(span: str) -> timedelta | None:
    """`12h` as exact time, or None for a span of days."""
    return timedelta(hours=int(span[:-1])) if span.endswith("h") else None


def span(text: str) -> timedelta:
    return hours(text) or timedelta(days=int(text[:-1]))


def in_window(
    window: dict[str, Any], moment: datetime, *, clock: Clock, at: datetime
) -> bool:
    """Whether `moment` is in the window at the time `at`; no window has future days."""
    exact = hours(window.get("within", "1d"))
    if exact is not None:
        return at - exact < moment <= at
    day, today = clock.day(moment), clock.day(at)
    return day <= today and in_days(window, day, today)


def in_days(window: dict[str, Any], day: date, today: date) -> bool:
    if "within" in window:
        first = today - timedelta(days=int(window["within"][:-1]) - 1)
        return first <= day <= today
    if "between" in window:
        first, last = window["between"]
        return as_date(first) <= day <= as_date(last)
    if "before" in window:
        if window["before"].endswith("d"):
            return day <= today - timedelta(days=int(window["before"][:-1]))
        return day < as_date(window["before"])
    if "since" in window:
        return as_date(window["since"]) <= day
    if "during" in window:
        return is_during(window["during"], day, today)
    return True


def is_during(period: str, day: date, today: date) -> bool:
    if " " not in period:
        away = {"yesterday": -1, "today": 0, "tomorrow": 1}[period]
        return day == today + timedelta(days=away)
    which, unit = period.split()
    shift = {"last": -1, "this": 0, "next": 1}[which]
    if unit == "week":
        other = today + timedelta(days=7 * shift)
        return day.isocalendar()[:2] == other.isocalendar()[:2]
    if unit == "year":
        return day.year == today.year + shift
    months = (day.year - today.year) * 12 + day.month - today.month
    return months == shift


def is_at(hours: list[Any], moment: datetime, clock: Clock) -> bool:
    """Whether the wall clock showed a time of day between these, the second excluded."""
    shown = moment.astimezone(ZoneInfo(clock.zone)).strftime("%H:%M")
    first, last = (
        f"{hour:02}:00" if isinstance(hour, int) else hour.rjust(5, "0")
        for hour in hours
    )
    if first < last:
        return first <= shown < last
    return shown >= first or shown < last

"""The days of the simulated year: weekends, holidays and sales days of China."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property

DAY = timedelta(days=1)
SPRING_FESTIVAL = {
    2024: (2, 10),
    2025: (1, 29),
    2026: (2, 17),
    2027: (2, 6),
    2028: (1, 26),
    2029: (2, 13),
    2030: (2, 3),
    2031: (1, 23),
}
MID_AUTUMN = {
    2024: (9, 17),
    2025: (10, 6),
    2026: (9, 25),
    2027: (9, 15),
    2028: (10, 3),
    2029: (9, 22),
    2030: (9, 12),
    2031: (10, 1),
}
"""The first days of both, which follow the moon; other years have neither."""
SATURDAY = 5
WORKING_HOURS = (9.0, 20.0)
"""When staff write notes and tag."""
MEMBER_DAY = 8
"""The day of the month on which members get a discount."""

SALES_DAYS = {(6, 18): 1.9, (11, 11): 2.3, (12, 12): 1.5}
FEAST_DAYS = {(5, 20): 1.4, (12, 24): 1.4, (12, 25): 1.3, (3, 8): 1.3, (1, 1): 1.2}
QUIET_SHARE = 0.35
"""Of the usual orders, in the week of Spring Festival."""


@dataclass(frozen=True)
class Calendar:
    """The days up to the one of `now`, which is local time and the last moment."""

    now: datetime
    days: int = 365

    @cached_property
    def first(self) -> date:
        return self.now.date() - (self.days - 1) * DAY

    def day(self, index: int) -> date:
        return self.first + index * DAY

    def index(self, moment: datetime) -> int:
        return (moment.date() - self.first).days

    def at(self, index: int, clock: float) -> datetime:
        """Return a moment of a day; `clock` is in hours. It may be later than `now`."""
        midnight = datetime.combine(self.day(index), time())
        return midnight + timedelta(seconds=int(clock * 3600))

    def weights(self, weigh: Callable[[date], float]) -> list[float]:
        return [weigh(self.day(index)) for index in range(self.days)]

    def indexes(self, days: Iterable[tuple[int, int]]) -> list[int]:
        """Return where these (month, day) are in the year."""
        wanted = set(days)
        dates = (self.day(index) for index in range(self.days))
        return [i for i, day in enumerate(dates) if (day.month, day.day) in wanted]


def later(moment: datetime, days: float) -> datetime:
    """Return the moment `days` later, in whole seconds as files have them."""
    return moment + timedelta(seconds=int(days * 86_400))


def at_clock(moment: datetime, clock: float) -> datetime:
    """Return the day of a moment at another time; `clock` is in hours."""
    return later(moment.replace(hour=0, minute=0, second=0), clock / 24)


def is_weekend(day: date) -> bool:
    return day.weekday() >= SATURDAY


def days_since(day: date, feasts: dict[int, tuple[int, int]]) -> int | None:
    """Return the days since the feast of that year, negative before it."""
    found = feasts.get(day.year)
    return (day - date(day.year, *found)).days if found else None


def shop_weight(day: date) -> float:
    """Return how many orders in shops there are, compared with a usual working day."""
    weight = 0.85 if is_weekend(day) else 1.0
    since = days_since(day, SPRING_FESTIVAL)
    if since is not None and -1 <= since <= 6:
        return weight * QUIET_SHARE
    if day.month == 10 and day.day <= 7:
        weight *= 0.75
    if day.day == MEMBER_DAY:
        weight *= 1.6
    return weight * FEAST_DAYS.get((day.month, day.day), 1.0)


def parcel_weight(day: date) -> float:
    """Return the same for orders of beans and gifts that are sent by post."""
    weight = SALES_DAYS.get((day.month, day.day), 1.0)
    if day.day == MEMBER_DAY:
        weight *= 1.4
    for feasts in (SPRING_FESTIVAL, MID_AUTUMN):
        since = days_since(day, feasts)
        if since is not None and -14 <= since <= -4:
            # Gifts are ordered before the feast, while couriers still drive.
            weight *= 1.7
        elif since is not None and -3 <= since <= 5:
            weight *= 0.3
    return weight

"""The periods of reports: a day, seven days from a weekday on, a month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from qunce.insight.reports.models import Kind

DAY, WEEK = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Period:
    kind: str
    first: date
    last: date

    @property
    def previous(self) -> Period:
        """The one it is compared with; of a day, the same weekday of the week before."""
        if self.kind == Kind.MONTHLY:
            return find(self.kind, self.first - DAY)
        return Period(kind=self.kind, first=self.first - WEEK, last=self.last - WEEK)


def find(kind: str, day: date, *, first_weekday: int = 0) -> Period:
    """The period of a kind that has the day; weeks begin on `first_weekday`, 0 is Monday."""
    if kind == Kind.WEEKLY:
        first = day - timedelta(days=(day.weekday() - first_weekday) % 7)
        return Period(kind=kind, first=first, last=first + WEEK - DAY)
    if kind == Kind.MONTHLY:
        first = day.replace(day=1)
        following = (first + timedelta(days=32)).replace(day=1)
        return Period(kind=kind, first=first, last=following - DAY)
    return Period(kind=kind, first=day, last=day)


def find_latest(kind: str, today: date, *, first_weekday: int = 0) -> Period:
    """The last period that is complete before `today`."""
    first = find(kind, today, first_weekday=first_weekday).first
    return find(kind, first - DAY, first_weekday=first_weekday)

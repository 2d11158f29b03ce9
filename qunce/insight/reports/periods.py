"""The periods of reports: a day, a week from Monday to Sunday, a month."""

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
        if self.kind == Kind.DAILY:
            return find(self.kind, self.first - WEEK)
        return find(self.kind, self.first - DAY)


def find(kind: str, day: date) -> Period:
    """The period of a kind that has the day."""
    if kind == Kind.WEEKLY:
        first = day - timedelta(days=day.weekday())
        return Period(kind=kind, first=first, last=first + WEEK - DAY)
    if kind == Kind.MONTHLY:
        first = day.replace(day=1)
        following = (first + timedelta(days=32)).replace(day=1)
        return Period(kind=kind, first=first, last=following - DAY)
    return Period(kind=kind, first=day, last=day)


def find_latest(kind: str, today: date) -> Period:
    """The last period that is complete before `today`."""
    return find(kind, find(kind, today).first - DAY)

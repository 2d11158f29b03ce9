"""When a wait ends: the three words for a delay, on the wall clock of a time zone.

“After 24 h” counts elapsed hours. “Next day at 09:00” and “next Tuesday at 09:00” count
calendar days, so that a change of the clock does not move them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors
from qunce.outreach.playbooks import working_days
from qunce.outreach.playbooks.working_days import DayFilter

MAX_DAYS = 730
MAX_MINUTES = MAX_DAYS * 24 * 60
WEEKDAYS = (
    gettext_lazy("Monday"),
    gettext_lazy("Tuesday"),
    gettext_lazy("Wednesday"),
    gettext_lazy("Thursday"),
    gettext_lazy("Friday"),
    gettext_lazy("Saturday"),
    gettext_lazy("Sunday"),
)


class InvalidDelay(errors.Invalid):
    """A delay is an amount of time, a day with a time, or a weekday with a time."""


@dataclass(frozen=True)
class After:
    """So many minutes later, whatever the clock does."""

    minutes: int

    def ends_at(self, since: datetime, zone: ZoneInfo, days: DayFilter) -> datetime:
        # In UTC, because adding to a local time would move the hands of its clock.
        end = since.astimezone(UTC) + timedelta(minutes=self.minutes)
        return _on_allowed_day(end.astimezone(zone), days) if days.limits else end

    def to_json(self) -> dict[str, Any]:
        return {"minutes": self.minutes}

    def phrase(self) -> str:
        if self.minutes % 1440 == 0 and self.minutes:
            return _("%(n)s days later, to the minute") % {"n": self.minutes // 1440}
        if self.minutes % 60 == 0 and self.minutes:
            return _("%(n)s hours later") % {"n": self.minutes // 60}
        return _("%(n)s minutes later") % {"n": self.minutes}


@dataclass(frozen=True)
class OnDay:
    """At a time of the day, so many calendar days later; 0 is the next such time."""

    days: int
    time: time

    def ends_at(self, since: datetime, zone: ZoneInfo, days: DayFilter) -> datetime:
        local = since.astimezone(zone)
        day = local.date() + timedelta(days=self.days)
        if wall_clock(day, self.time, zone) <= since:
            day += timedelta(days=1)
        return wall_clock(days.next_allowed(day), self.time, zone)

    def to_json(self) -> dict[str, Any]:
        return {"days": self.days, "time": f"{self.time:%H:%M}"}

    def phrase(self) -> str:
        words = {"n": self.days, "time": f"{self.time:%H:%M}"}
        if self.days == 0:
            return _("the next time it is %(time)s") % words
        if self.days == 1:
            return _("the next day at %(time)s") % words
        return _("%(n)s days later at %(time)s") % words


@dataclass(frozen=True)
class OnWeekday:
    """On the next such weekday at a time; 0 is Monday."""

    weekday: int
    time: time

    def ends_at(self, since: datetime, zone: ZoneInfo, days: DayFilter) -> datetime:
        day = since.astimezone(zone).date()
        ahead = (self.weekday - day.weekday()) % 7
        day += timedelta(days=ahead)
        if wall_clock(day, self.time, zone) <= since:
            day += timedelta(days=7)
        return wall_clock(days.next_allowed(day), self.time, zone)

    def to_json(self) -> dict[str, Any]:
        return {"weekday": self.weekday, "time": f"{self.time:%H:%M}"}

    def phrase(self) -> str:
        return _("the next %(weekday)s at %(time)s") % {
            "weekday": WEEKDAYS[self.weekday],
            "time": f"{self.time:%H:%M}",
        }


Delay = After | OnDay | OnWeekday
NONE = After(0)


def parse(value: Any) -> Delay:
    """The delay of its JSON form. Raises InvalidDelay."""
    if not isinstance(value, Mapping):
        raise _invalid()
    keys = set(value)
    if keys == {"minutes"}:
        return After(_number(value["minutes"], 0, MAX_MINUTES))
    if keys == {"days", "time"}:
        return OnDay(_number(value["days"], 0, MAX_DAYS), parse_time(value["time"]))
    if keys == {"weekday", "time"}:
        return OnWeekday(_number(value["weekday"], 0, 6), parse_time(value["time"]))
    raise _invalid()


def parse_time(value: Any) -> time:
    try:
        return datetime.strptime(str(value), "%H:%M").time()  # noqa: DTZ007 - a time
    except ValueError:
        raise InvalidDelay(
            _("“%(text)s” is not a time. Write it as 09:00.") % {"text": value}
        ) from None


def _number(value: Any, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _invalid()
    if not least <= value <= most:
        raise InvalidDelay(
            _("A delay is between %(least)s and %(most)s here.")
            % {"least": least, "most": f"{most:,}"}
        )
    return value


def _invalid() -> InvalidDelay:
    return InvalidDelay(
        _("Choose how long to wait: a time span, a day with a time, or a weekday.")
    )


def wall_clock(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The moment, in UTC, at which clocks in `zone` show a time on a day.

    A time that is skipped when clocks go forward is read as if they had not, one that
    comes twice is the first.
    """
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def _on_allowed_day(local: datetime, days: DayFilter) -> datetime:
    day = days.next_allowed(local.date())
    if day == local.date():
        return local.astimezone(UTC)
    zone = local.tzinfo
    assert isinstance(zone, ZoneInfo)  # noqa: S101 - for the type checker
    return wall_clock(day, local.time(), zone)


ANY_DAY = working_days.DayFilter()

"""Days in a rule that are relative to today: `today+30d`, the next 7 days, next week."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from qunce.core import timestamps
from qunce.sets.rules import calendar_periods, phrasing, time_windows

if TYPE_CHECKING:
    from qunce.sets.rules.base import RulePath
    from qunce.sets.rules.phrasing import Pieces

DAY_FORMAT = re.compile(r"today(?: ?([+-]) ?([0-9]{1,4})d)?")
SPANS = ("next", "last", "during")
"""Fields of a clause that hold a span of days."""


# Single days


@dataclass(frozen=True, order=True)
class RelativeDay:
    """The community day that many days after today."""

    offset: int

    def format(self) -> str:
        if not self.offset:
            return _("today")
        text = _("%(n)s days from today") if self.offset > 0 else _("%(n)s days ago")
        return text % {"n": abs(self.offset)}


def parse_day(value: Any, path: RulePath) -> RelativeDay | None:
    """The day of a text such as `today-7d`; None for everything else."""
    match = DAY_FORMAT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    offset = int(match[2] or 0)
    if offset > time_windows.MAX_DAYS:
        path.fail(
            _("A time span can be at most %(n)s days.") % {"n": time_windows.MAX_DAYS}
        )
    return RelativeDay(-offset if match[1] == "-" else offset)


# Spans of days


@dataclass(frozen=True)
class DaySpan:
    """`field` is one of `SPANS`; `value` a span such as `7d` or `12h`, or a period."""

    field: str
    value: str

    @property
    def hours(self) -> int:
        """The length of an exact span that begins or ends now, else 0."""
        is_exact = self.field != "during" and self.value.endswith("h")
        return int(self.value[:-1]) if is_exact else 0

    def range(self, today: int) -> tuple[int, int]:
        """The first and the last day, both included; spans of days include today."""
        if self.field == "during":
            return calendar_periods.range_of(self.value, today)
        days = max(int(self.value[:-1]), 1)
        if self.hours:
            days = max(self.hours // 24, 1)
        return (
            (today, today + days - 1)
            if self.field == "next"
            else (today - days + 1, today)
        )

    def exact_range(self, at: datetime) -> tuple[int, int]:
        """For exact hours: microseconds, of which the first is excluded."""
        now, hours = timestamps.to_micros(at), timedelta(hours=self.hours)
        length = hours // timestamps.MICROSECOND
        return (now, now + length) if self.field == "next" else (now - length, now)

    def format(self) -> str:
        return phrasing.to_text(self.phrase())

    def phrase(self) -> Pieces:
        if self.field == "during":
            return phrasing.value(_(calendar_periods.PERIODS[self.value]))
        templates = {
            ("next", "d"): _("in the next %(n)s days, including today"),
            ("last", "d"): _("in the last %(n)s days, including today"),
            ("next", "h"): _("in the next %(n)s hours"),
            ("last", "h"): _("in the last %(n)s hours"),
        }
        template = templates[self.field, self.value[-1]]
        return phrasing.fill(template, n=phrasing.value(int(self.value[:-1])))


def parse_span(field: str, value: Any, path: RulePath) -> DaySpan:
    """The span behind one of the fields `SPANS`."""
    if field != "during":
        return DaySpan(field, time_windows.parse_span(value, path))
    if not isinstance(value, str) or value not in calendar_periods.PERIODS:
        path.fail(
            _("Write one of these periods: %(all)s.")
            % {"all": ", ".join(calendar_periods.PERIODS)}
        )
    return DaySpan(field, value)

"""Time windows in a rule, in community days or in exact hours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from qunce.core import community_days, timestamps
from qunce.sets.rules import calendar_periods

if TYPE_CHECKING:
    from qunce.sets.rules.base import RulePath

KINDS = ("within", "between", "before", "since", "during")
SPAN_FORMAT = re.compile(r"([1-9][0-9]{0,4})([dh])")
MAX_DAYS = 3660
MIN_YEAR, MAX_YEAR = 1900, 2200
NEVER = -(10**6)
"""A day before all others."""
MIN_DAY = community_days.from_date(date(MIN_YEAR, 1, 1))


@dataclass(frozen=True)
class Window:
    """A span of time up to now, of one of `KINDS` or "ever".

    `values` are the texts behind the kind, such as `30d`, two dates or `this week`. `hours` is set for
    an exact span that ends now, for which days do not matter.
    """

    kind: str = "ever"
    values: tuple[str, ...] = ()
    hours: int = 0

    def range(self, today: int) -> tuple[int, int]:
        """The first and last community day, both included; empty when first > last."""
        if self.kind == "within":
            return today - _count_days(self.values[0]) + 1, today
        if self.kind == "between":
            first, last = (to_day(text) for text in self.values)
            # Facts may be dated a little ahead, as clocks of other machines differ; a
            # window never reaches beyond today.
            return first, min(last, today)
        if self.kind == "since":
            return to_day(self.values[0]), today
        if self.kind == "during":
            first, last = calendar_periods.range_of(self.values[0], today)
            return first, min(last, today)
        if self.kind == "before":
            if _is_span(self.values[0]):
                return NEVER, today - _count_days(self.values[0])
            return NEVER, min(to_day(self.values[0]) - 1, today)
        return NEVER, today

    def exact_range(self, at: datetime) -> tuple[int, int]:
        """For exact hours: microseconds, of which the first is excluded."""
        return (
            timestamps.to_micros(at - timedelta(hours=self.hours)),
            timestamps.to_micros(at),
        )

    def describe(self) -> str:
        if self.kind == "ever":
            return _("at any time")
        if self.hours:
            return _("in the last %(n)s hours") % {"n": self.hours}
        if self.kind == "within":
            return _("in the last %(n)s days") % {"n": _count_days(self.values[0])}
        if self.kind == "between":
            first, last = self.values
            return _("from %(first)s to %(last)s") % {"first": first, "last": last}
        if self.kind == "during":
            return _(calendar_periods.PERIODS[self.values[0]])
        if self.kind == "since":
            return _("since %(day)s") % {"day": self.values[0]}
        if _is_span(self.values[0]):
            return _("more than %(n)s days ago") % {"n": _count_days(self.values[0])}
        return _("before %(day)s") % {"day": self.values[0]}


EVER = Window()


def _is_span(value: object) -> bool:
    return isinstance(value, str) and SPAN_FORMAT.fullmatch(value) is not None


def _count_days(span: str) -> int:
    return int(span[:-1])


def to_day(text: str) -> int:
    return community_days.from_date(date.fromisoformat(text))


def parse(args: dict[str, Any], path: RulePath) -> Window:
    """The window among the fields of a clause; `EVER` if there is none."""
    kinds = [kind for kind in KINDS if kind in args]
    if not kinds:
        return EVER
    if len(kinds) > 1:
        path.fail(_("Specify only one time span."))
    kind, value, here = kinds[0], args[kinds[0]], path.child(kinds[0])
    if kind == "between":
        if not isinstance(value, list) or len(value) != 2:
            here.fail(_("Write two dates: [first, last]."))
        first, last = value
        return Window(
            kind, (parse_date(first, here.child(0)), parse_date(last, here.child(1)))
        )
    if kind == "during":
        return Window(kind, (_parse_period(value, here),))
    if kind == "since" or (kind == "before" and not _is_span(value)):
        return Window(kind, (parse_date(value, here),))
    span = parse_span(value, here)
    if span.endswith("h") and kind != "within":
        here.fail(_("Hours can be used only with “within”."))
    # 24h is not 1d: hours end now, days are community days including today.
    return Window(kind, (span,), hours=int(span[:-1]) if span.endswith("h") else 0)


def _parse_period(value: object, path: RulePath) -> str:
    if not isinstance(value, str) or value not in calendar_periods.PAST_PERIODS:
        path.fail(
            _("Write one of these periods: %(all)s.")
            % {"all": ", ".join(calendar_periods.PAST_PERIODS)}
        )
    return value


def parse_span(value: object, path: RulePath) -> str:
    """The span, such as `30d` or `12h`, if it is valid."""
    match = SPAN_FORMAT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        path.fail(_("Write a time span such as 30d or 12h."))
    number, unit = int(match[1]), match[2]
    if (number if unit == "d" else number / 24) > MAX_DAYS:
        path.fail(_("A time span can be at most %(n)s days.") % {"n": MAX_DAYS})
    return match[0]


def parse_days(value: object, path: RulePath) -> int:
    """The number of days of a span such as `30d`."""
    span = parse_span(value, path)
    if span.endswith("h"):
        path.fail(_("Write a span of days, such as 30d."))
    return int(span[:-1])


def between_days(first: int, last: int) -> Window:
    """The window of these community days, both included."""
    # Before all dates is as good as the first one that can be written.
    days = (max(first, MIN_DAY), max(last, MIN_DAY))
    first_text, last_text = (community_days.to_date(day).isoformat() for day in days)
    return Window("between", (first_text, last_text))


def parse_date(value: object, path: RulePath) -> str:
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        path.fail(_("Write a date like 2026-03-31."))
    if not MIN_YEAR <= day.year <= MAX_YEAR:
        path.fail(
            _("A date must be between the years %(first)s and %(last)s.")
            % {"first": MIN_YEAR, "last": MAX_YEAR}
        )
    # Kept as text, which is what descriptions show and the cache compares.
    return day.isoformat()


def parse_duration(value: object, path: RulePath) -> timedelta:
    """A span such as `7d` or `12h` as elapsed time, in which a day has 24 hours."""
    span = parse_span(value, path)
    number = int(span[:-1])
    return timedelta(hours=number) if span.endswith("h") else timedelta(days=number)

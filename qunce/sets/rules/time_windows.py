"""Spans of time in a rule: community days, or exact hours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from qunce.core import community_days, timestamps

if TYPE_CHECKING:
    from qunce.sets.rules.base import RulePath

KINDS = ("within", "between", "before", "since")
SPAN_FORMAT = re.compile(r"([1-9][0-9]{0,4})([dh])")
MAX_DAYS = 3660
MIN_YEAR, MAX_YEAR = 1900, 2200
NEVER = -(10**6)
"""A day before all others."""


@dataclass(frozen=True)
class Window:
    """`first` and `last` are community days relative to today, or absolute ones.

    `hours` is set for an exact span that ends now; then the days do not count.
    """

    word: str = "ever"
    text: tuple[str, ...] = ()
    hours: int = 0

    def range(self, today: int) -> tuple[int, int]:
        """First and last community day, both included; empty when first > last."""
        if self.word == "within":
            return today - int(self.text[0][:-1]) + 1, today
        if self.word == "between":
            first, last = (_day(text) for text in self.text)
            return first, min(last, today)
        if self.word == "since":
            return _day(self.text[0]), today
        if self.word == "before":
            if self.text[0].endswith("d"):
                return NEVER, today - int(self.text[0][:-1])
            return NEVER, min(_day(self.text[0]) - 1, today)
        return NEVER, today

    def span(self, at: datetime) -> tuple[int, int]:
        """Of an exact window: after the first and up to the second microsecond."""
        return (
            timestamps.to_micros(at - timedelta(hours=self.hours)),
            timestamps.to_micros(at),
        )

    def say(self) -> str:
        if self.word == "ever":
            return _("at any time")
        if self.hours:
            return _("in the last %(n)s hours") % {"n": self.hours}
        if self.word == "within":
            return _("in the last %(n)s days") % {"n": self.text[0][:-1]}
        if self.word == "between":
            return _("from %(first)s to %(last)s") % {
                "first": self.text[0],
                "last": self.text[1],
            }
        if self.word == "since":
            return _("since %(day)s") % {"day": self.text[0]}
        if self.text[0].endswith("d"):
            return _("more than %(n)s days ago") % {"n": self.text[0][:-1]}
        return _("before %(day)s") % {"day": self.text[0]}


EVER = Window()


def _day(text: str) -> int:
    return community_days.from_date(date.fromisoformat(text))


def parse(args: dict[str, Any], path: RulePath) -> Window:
    """The window among the fields of a clause; none means ever."""
    given = [word for word in KINDS if word in args]
    if not given:
        return EVER
    if len(given) > 1:
        path.fail(_("Specify only one time span."))
    word, value, here = given[0], args[given[0]], path.child(given[0])
    if word == "between":
        if not isinstance(value, list) or len(value) != 2:
            here.fail(_("Write two dates: [first, last]."))
        return Window(word, tuple(_date(value[i], here.child(i)) for i in range(2)))
    if word == "since":
        return Window(word, (_date(value, here),))
    if word == "before" and not _is_span(value):
        return Window(word, (_date(value, here),))
    return _span(word, value, here)


def _is_span(value: object) -> bool:
    return isinstance(value, str) and SPAN_FORMAT.fullmatch(value) is not None


def _span(word: str, value: object, path: RulePath) -> Window:
    found = SPAN_FORMAT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        path.fail(_("Write a time span such as 30d or 12h."))
    number, unit = int(found[1]), found[2]
    if (number if unit == "d" else number / 24) > MAX_DAYS:
        path.fail(_("A time span can be at most %(n)s days.") % {"n": MAX_DAYS})
    if unit == "h" and word != "within":
        path.fail(_("Hours can be used only with “within”."))
    return Window(word, (found[0],), hours=number if unit == "h" else 0)


def _date(value: object, path: RulePath) -> str:
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        path.fail(_("Write a date like 2026-03-31."))
    if not MIN_YEAR <= day.year <= MAX_YEAR:
        path.fail(
            _("A date must be between the years %(first)s and %(last)s.")
            % {"first": MIN_YEAR, "last": MAX_YEAR}
        )
    return day.isoformat()


def parse_duration(value: object, path: RulePath) -> timedelta:
    """A plain span such as `7d` or `12h` as elapsed time (a day is 24 hours)."""
    window = _span("within", value, path)
    if window.hours:
        return timedelta(hours=window.hours)
    return timedelta(days=int(window.text[0][:-1]))

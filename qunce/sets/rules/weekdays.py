"""Weekdays in a rule, such as `[5, 6]`, of community days; 0 is Monday."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import dates
from django.utils.translation import gettext as _

from qunce.core import community_days
from qunce.sets.rules import phrasing, times_of_day
from qunce.sets.rules.times_of_day import MICROS_OF_DAY, MICROS_OF_MINUTE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qunce.sets.rules.base import RulePath
    from qunce.sets.rules.phrasing import Pieces
    from qunce.sets.rules.snapshots import Snapshot

WEEK = range(7)
FIRST_WEEKDAY = 3
"""Day 0 of the count, 1970-01-01, was a Thursday."""
EARLIER_DAYS = 700_000
"""Whole weeks that are added to days, so that those before 1970 are positive, too."""

Weekdays = tuple[int, ...]
"""Ascending, each once; empty if every weekday counts."""


def parse(value: Any, path: RulePath) -> Weekdays:
    if not isinstance(value, list) or not value:
        path.fail(_("Write a list of weekdays from 0 (Monday) to 6 (Sunday)."))
    for index, day in enumerate(value):
        if isinstance(day, bool) or not isinstance(day, int) or day not in WEEK:
            path.child(index).fail(
                _("Write a weekday as a number from 0 (Monday) to 6 (Sunday).")
            )
    chosen = tuple(sorted(set(value)))
    return () if len(chosen) == len(WEEK) else chosen


def weekday_of(day: int) -> int:
    return (day + FIRST_WEEKDAY) % len(WEEK)


def describe(weekdays: Iterable[int]) -> str:
    names = _(", ").join(str(dates.WEEKDAYS[day]) for day in weekdays)
    return _("on %(weekdays)s") % {"weekdays": names}


def phrase(value: Any) -> Pieces:
    """The piece of text for valid JSON; raises an error for other JSON."""
    names = [phrasing.value(dates.WEEKDAYS[day]) for day in value]
    return phrasing.fill(_("on %(weekdays)s"), weekdays=phrasing.join(names, _(", ")))


def to_sql(snap: Snapshot, kind: int, weekdays: Weekdays) -> str:
    """SQL of whether a fact of the kind happened on a community day of these weekdays."""
    span = times_of_day.span_of_kind(snap, kind)
    if span is None:
        return "FALSE"
    zone, start = snap.community.timezone, snap.community.day_start

    def day_at(offset: int) -> str:
        shift = offset - start * MICROS_OF_MINUTE + EARLIER_DAYS * MICROS_OF_DAY
        return f"(happened_at + {shift}) // {MICROS_OF_DAY}"

    (_start, offset), *later = community_days.utc_offsets(zone, *span)
    day = day_at(offset)
    for begin, offset in later:
        # A clock that is set back over the start of day does not return to yesterday.
        last = community_days.day_of_micros(zone, start, begin - 1) + EARLIER_DAYS
        day = (
            f"CASE WHEN happened_at >= {begin}"
            f" THEN greatest({day_at(offset)}, {last}) ELSE {day} END"
        )
    return f"(({day}) + {FIRST_WEEKDAY}) % 7 IN ({', '.join(map(str, weekdays))})"

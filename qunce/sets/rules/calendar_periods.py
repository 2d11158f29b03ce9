"""Calendar periods such as “this week”, which move with the community's today."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext_noop

from qunce.core import community_days

PERIODS = {
    "yesterday": gettext_noop("yesterday"),
    "today": gettext_noop("today"),
    "tomorrow": gettext_noop("tomorrow"),
    "last week": gettext_noop("last week"),
    "this week": gettext_noop("this week"),
    "next week": gettext_noop("next week"),
    "last month": gettext_noop("last month"),
    "this month": gettext_noop("this month"),
    "next month": gettext_noop("next month"),
    "last year": gettext_noop("last year"),
    "this year": gettext_noop("this year"),
    "next year": gettext_noop("next year"),
}
"""Calendar periods of the community; weeks begin on Monday."""
PAST_PERIODS = {
    name: label
    for name, label in PERIODS.items()
    if not name.startswith("next") and name not in ("today", "tomorrow")
}
"""Those in which facts can be. Today is the last day: `within: 1d`."""
SHIFTS = {"last": -1, "this": 0, "next": 1}


def range_of(period: str, today: int) -> tuple[int, int]:
    """The first and the last community day, both included."""
    if " " not in period:
        day = today + {"yesterday": -1, "today": 0, "tomorrow": 1}[period]
        return day, day
    which, unit = period.split(" ")
    shift, now = SHIFTS[which], community_days.to_date(today)
    if unit == "week":
        monday = today - now.weekday() + 7 * shift
        return monday, monday + 6
    # Months are counted from year 0, so that December plus one is next January.
    month = now.year * 12 + now.month - 1 + shift
    length = 1
    if unit == "year":
        month, length = (now.year + shift) * 12, 12
    first, after = (
        community_days.from_date(date(number // 12, number % 12 + 1, 1))
        for number in (month, month + length)
    )
    return first, after - 1

"""Days and times as people write them, such as today 14:05, Mar 5, 5 March 2025.

Files and the API have ISO dates instead.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo

from django.utils import dateformat
from django.utils.translation import gettext as _


def day(value: date, today: date) -> str:
    """`2026-03-05` → today, yesterday, tomorrow, Mar 5, or with the year of another one."""
    near = {-1: _("yesterday"), 0: _("today"), 1: _("tomorrow")}
    text = near.get((value - today).days)
    return text or full_day(value, today)


def full_day(value: date, today: date) -> str:
    """Like `day`, without today and the like."""
    # Format characters of Django's `date` filter, in the order of the language.
    pattern = _("M j") if value.year == today.year else _("M j, Y")
    return dateformat.format(value, pattern)


def moment(value: datetime, at: datetime, zone: tzinfo) -> str:
    """A time of the last or next days with its clock; only the day of all others."""
    local, now = value.astimezone(zone), at.astimezone(zone)
    text = day(local.date(), now.date())
    if abs(now - local) > timedelta(days=180):
        return text
    return _("%(day)s %(clock)s") % {"day": text, "clock": f"{local:%H:%M}"}


def duration(seconds: int) -> str:
    """A length of time in its two largest units, such as 45 s, 12 min, 3 h 20 min, 2 d."""
    minutes, hours, days = seconds // 60, seconds // 3_600, seconds // 86_400
    if not minutes:
        return _("%(n)s s") % {"n": seconds}
    if not hours:
        return _("%(n)s min") % {"n": minutes}
    large, small = (
        (_("%(n)s d") % {"n": f"{days:,}"}, _("%(n)s h") % {"n": hours % 24})
        if days
        else (_("%(n)s h") % {"n": hours}, _("%(n)s min") % {"n": minutes % 60})
    )
    is_whole = not (hours % 24 if days else minutes % 60)
    return large if is_whole else f"{large} {small}"

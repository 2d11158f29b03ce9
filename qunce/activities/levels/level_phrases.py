"""Levels, their benefits and memberships in words."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.activities.levels.ladders import Counting
from qunce.activities.levels.models import Level, Period
from qunce.core import community_days


def ending(plan: str, last_day: str) -> str:
    """What a member reads before a membership of theirs ends."""
    text = _("Your membership “%(plan)s” lasts until %(day)s. Renew it to keep it.")
    return text % {"plan": plan, "day": last_day}


def period(counting: Counting) -> str:
    """In what points are counted, such as “in the last 90 days”."""
    if counting.is_rolling:
        return ngettext(
            "in the last %(n)s day", "in the last %(n)s days", counting.days
        ) % {"n": counting.days}
    texts = {
        Period.MONTH: _("in a calendar month"),
        Period.QUARTER: _("in a calendar quarter"),
        Period.YEAR: _("in a calendar year"),
    }
    return texts[counting.period]


def grace(days: int) -> str:
    if not days:
        return _("no days of grace")
    return ngettext("%(n)s day of grace", "%(n)s days of grace", days) % {"n": days}


def benefits(level: Level) -> list[str]:
    """What a level gives, a phrase for each."""
    found = []
    if level.percent > 100:
        found.append(_("points × %(n)s") % {"n": multiplier(level.percent)})
    if level.gift_points:
        found.append(
            ngettext(
                "%(n)s point as a gift each month",
                "%(n)s points as a gift each month",
                level.gift_points,
            )
            % {"n": f"{level.gift_points:,}"}
        )
    if level.gift_stock is not None:
        text = _("each month: %(prize)s")
        found.append(text % {"prize": level.gift_stock.name})
    if level.has_early_access:
        found.append(_("early access"))
    if level.benefits:
        found.append(level.benefits)
    return found


def multiplier(percent: int) -> str:
    """A multiplier without superfluous zeros, such as 1.5 for 150 per cent."""
    whole, rest = divmod(percent, 100)
    return f"{whole}.{rest:02}".rstrip("0").rstrip(".")


def day(number: int | None) -> str:
    return "" if number is None else community_days.to_date(number).isoformat()

"""Rules and caps of points in words."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from qunce.activities.points import multipliers, periods
from qunce.activities.points.balances import Balance
from qunce.activities.points.models import Event, PointRule
from qunce.activities.points.periods import Period
from qunce.core import money

OFF, NONE, AT_MOST = "off", "none", "at_most"
"""The three words of a cap; a number belongs to the last one alone."""
MODES: dict[str, str | Promise] = {
    OFF: pgettext_lazy("cap", "no limit"),
    AT_MOST: pgettext_lazy("cap", "at most"),
    NONE: pgettext_lazy("cap", "none"),
}
CAPS: dict[str, str | Promise] = {
    "day_cap": gettext_lazy("a day"),
    "week_cap": gettext_lazy("a week"),
    "month_cap": gettext_lazy("a month"),
}


PERIODS: dict[str, str | Promise] = {
    "day": pgettext_lazy("leaderboard", "Day"),
    "week": pgettext_lazy("leaderboard", "Week"),
    "month": pgettext_lazy("leaderboard", "Month"),
    "all": pgettext_lazy("leaderboard", "All time"),
}
KINDS_OF_PERIODS = {periods.ALL: "all"} | {
    kind: name for name, kind in periods.NAMES.items()
}


def period_text(period: Period) -> str:
    """A period by its days, such as 2026-03-02 – 2026-03-08."""
    if period.kind == "w":
        return f"{period.first} – {period.last}"
    return period.text if period.first else str(PERIODS["all"])


def mode_of(cap: int | None) -> str:
    if cap is None:
        return OFF
    return AT_MOST if cap else NONE


def earns(rule: PointRule) -> str:
    """What a rule earns, such as “1 point for each CNY 10.00, for gold 150 %”."""
    text = _earns(rule)
    found = multipliers.describe(rule.community) if rule.is_multiplied else ""
    if not found:
        return text
    return _("%(earns)s; %(multipliers)s") % {"earns": text, "multipliers": found}


def _earns(rule: PointRule) -> str:
    points = ngettext("%(n)s point", "%(n)s points", rule.points) % {
        "n": f"{rule.points:,}"
    }
    if rule.event != Event.ORDER or rule.per_amount is None:
        return points
    amount = money.format_with_currency(rule.per_amount, rule.currency)
    return _("%(points)s for each %(amount)s") % {"points": points, "amount": amount}


def cap(rule: PointRule) -> str:
    """The caps of a rule per person, such as “at most 20 a day”."""
    parts = []
    for field, period in CAPS.items():
        value = getattr(rule, field)
        if value:
            parts.append(
                _("at most %(n)s %(period)s") % {"n": f"{value:,}", "period": period}
            )
        elif value == 0:
            parts.append(_("none %(period)s") % {"period": period})
    return _(", ").join(parts) or _("no limit")


def validity(rule: PointRule) -> str:
    """From when and how long points are usable."""
    text = (
        _("for ever")
        if rule.valid_days is None
        else ngettext("for %(n)s day", "for %(n)s days", rule.valid_days)
        % {"n": f"{rule.valid_days:,}"}
    )
    if not rule.wait_days:
        return text
    wait = ngettext("after %(n)s day", "after %(n)s days", rule.wait_days) % {
        "n": rule.wait_days
    }
    return _("%(wait)s, %(valid)s") % {"wait": wait, "valid": text}


def expiring(points: int, last_day: str) -> str:
    """What a member reads 7 days before points of theirs expire."""
    return ngettext(
        "You have %(n)s point that can be used until %(day)s. It expires after that.",
        "You have %(n)s points that can be used until %(day)s. They expire after that.",
        points,
    ) % {"n": f"{points:,}", "day": last_day}


def balance(held: Balance) -> str:
    """What a member reads who asks for their points."""
    lines = [
        ngettext(
            "You have %(n)s usable point.", "You have %(n)s usable points.", held.usable
        )
        % {"n": f"{held.usable:,}"}
    ]
    if held.next_expiry is not None:
        text = _("%(n)s of them until %(day)s.")
        lines.append(
            text
            % {
                "n": f"{held.next_expiry.points:,}",
                "day": held.next_expiry.last_day.isoformat(),
            }
        )
    if held.pending:
        lines.append(_("%(n)s not usable yet.") % {"n": f"{held.pending:,}"})
    if held.owed:
        text = _("You owe %(n)s points. What you earn next pays them first.")
        lines.append(text % {"n": f"{held.owed:,}"})
    return " ".join(lines)

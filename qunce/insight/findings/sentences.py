"""Findings in words. Every word is bound to a field that was computed; none says why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from qunce.core import money
from qunce.insight.findings.outcomes import Verdict
from qunce.insight.metric_definitions import COMMUNITY, GROUP

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from qunce.insight.findings.finding import (
        Effect,
        Finding,
        FindingCause,
        FindingPart,
        LeftOut,
    )
    from qunce.insight.findings.outcomes import Outcome

HEADLINES: dict[tuple[str, str], StrOrPromise] = {
    (GROUP, "messages"): gettext_lazy(
        "Group %(group)s wrote %(n)s messages since %(day)s; about %(usual)s would be "
        "usual."
    ),
    (GROUP, "active_members"): gettext_lazy(
        "Group %(group)s had %(n)s active members a day since %(day)s; about %(usual)s "
        "would be usual."
    ),
    (GROUP, "joins"): gettext_lazy(
        "Group %(group)s had %(n)s joins since %(day)s; about %(usual)s would be usual."
    ),
    (GROUP, "leaves"): gettext_lazy(
        "Group %(group)s lost %(n)s people since %(day)s; about %(usual)s would be usual."
    ),
    (COMMUNITY, "messages"): gettext_lazy(
        "Members wrote %(n)s messages since %(day)s; about %(usual)s would be usual."
    ),
    (COMMUNITY, "active_members"): gettext_lazy(
        "%(n)s members a day were active since %(day)s; about %(usual)s would be usual."
    ),
    (COMMUNITY, "new_members"): gettext_lazy(
        "The community has %(n)s new members since %(day)s; about %(usual)s would be "
        "usual."
    ),
    (COMMUNITY, "leaves"): gettext_lazy(
        "The community lost %(n)s people since %(day)s; about %(usual)s would be usual."
    ),
    (COMMUNITY, "orders"): gettext_lazy(
        "Members paid %(n)s orders since %(day)s; about %(usual)s would be usual."
    ),
    (COMMUNITY, "paid"): gettext_lazy(
        "%(n)s were paid since %(day)s; about %(usual)s would be usual."
    ),
}
WEEKDAYS = (
    pgettext_lazy("since", "Monday"),
    pgettext_lazy("since", "Tuesday"),
    pgettext_lazy("since", "Wednesday"),
    pgettext_lazy("since", "Thursday"),
    pgettext_lazy("since", "Friday"),
    pgettext_lazy("since", "Saturday"),
    pgettext_lazy("since", "Sunday"),
)
WEEKDAY_AGE = timedelta(days=7)
"""A weekday names a day only as long as no other one of that name has passed."""


def headline(finding: Finding, today: date | None = None) -> str:
    """What changed: “Group Fruit 3 lost 14 people since Thursday; …”.

    `today` is by default the morning on which it was found.
    """
    today = today or finding.until + timedelta(days=1)
    return str(HEADLINES[(finding.level, finding.metric)]) % {
        "group": finding.group_name,
        "n": format_number(finding.observed, finding),
        "usual": format_number(finding.expected, finding),
        "day": format_day(finding.since, today),
    }


def format_day(day: date, today: date) -> str:
    """A weekday of the last days, else a date."""
    if today - day < WEEKDAY_AGE:
        return str(WEEKDAYS[day.weekday()])
    return day.isoformat()


def format_number(number: int, finding: Finding, *, signed: bool = False) -> str:
    if finding.metric == "paid":
        text = money.format_with_currency(abs(number), finding.currency)
    else:
        text = f"{abs(number):,}"
    if number < 0:
        return f"\N{MINUS SIGN}{text}"
    return f"+{text}" if signed and number else text


def money_line(finding: Finding) -> str:
    """How much less or more money was paid, if the finding is about orders."""
    if finding.money is None or finding.metric == "paid":
        return ""
    amount = money.format_with_currency(abs(finding.money), finding.currency)
    if finding.money < 0:
        return _("That is about %(amount)s less than usual.") % {"amount": amount}
    return _("That is about %(amount)s more than usual.") % {"amount": amount}


def cause_line(finding: Finding) -> str:
    """Where most of it happened, or that no single part has most of it."""
    cause = finding.cause
    if cause is None:
        return _("It is spread over the sources, groups, layers and staff in charge.")
    text = _("Mostly from %(dimension)s: %(parts)s, of %(total)s in all.") % {
        "dimension": _in_sentence(cause),
        "parts": _list_parts(cause.leading, finding),
        "total": format_number(finding.difference, finding, signed=True),
    }
    if cause.opposite:
        text += " " + _("In the other direction: %(parts)s.") % {
            "parts": _list_parts(cause.opposite, finding)
        }
    return text


def _in_sentence(cause: FindingCause) -> str:
    if cause.dimension == "source":
        return pgettext("mostly from", "the source")
    if cause.dimension == "group":
        return pgettext("mostly from", "the group")
    if cause.dimension == "staff":
        return pgettext("mostly from", "members of the staff in charge")
    if cause.dimension == "category":
        return pgettext("mostly from", "the product category")
    return pgettext("mostly from", "the layering “%(name)s”") % {"name": cause.label}


def _list_parts(parts: Sequence[FindingPart], finding: Finding) -> str:
    return _(", ").join(
        _("%(part)s %(n)s")
        % {
            "part": part.label,
            "n": format_number(part.contribution, finding, signed=True),
        }
        for part in parts
    )


def community_line(finding: Finding) -> str:
    """That the community's own number changed because of this group."""
    if not finding.is_of_community:
        return ""
    return _("The number of the whole community changed with it.")


def left_out_line(left_out: Sequence[LeftOut]) -> str:
    """Which days were compared with nothing, by reason."""
    if not left_out:
        return ""
    by_reason: dict[str, list[str]] = {}
    for each in left_out:
        by_reason.setdefault(each.reason, []).append(f"{each.day:%m-%d}")
    days = _(", ").join(
        f"{reason} ({days[0]})"
        if len(days) == 1
        else f"{reason} ({days[0]} – {days[-1]})"
        for reason, days in by_reason.items()
    )
    return _("Left out of the comparison: %(days)s.") % {"days": days}


def effect_line(effect: Effect | None) -> str:
    """What came of earlier findings of the same kind."""
    if effect is None:
        return _("No experience yet with what this does.")
    return _(
        "After %(n)s earlier actions like this, the number was %(low)s to %(high)s %% of "
        "the usual."
    ) % {
        "n": effect.cases,
        "low": effect.lowest,
        "high": effect.highest,
    }


def outcome_line(outcome: Outcome | None, finding: Finding) -> str:
    """What happened since somebody acted, with the numbers of before."""
    if outcome is None:
        return _("No complete day has passed since then.")
    text = {
        Verdict.USUAL: _(
            "In the %(days)s days since, “%(metric)s” was %(n)s; about %(usual)s would be usual. It is back "
            "in its usual range."
        ),
        Verdict.STILL: _(
            "In the %(days)s days since, “%(metric)s” was %(n)s; about %(usual)s would be usual. It is "
            "still out of its usual range."
        ),
        Verdict.REVERSED: _(
            "In the %(days)s days since, “%(metric)s” was %(n)s; about %(usual)s would be usual. It is now "
            "out of its usual range in the other direction."
        ),
    }[outcome.verdict]
    metric = finding.definition.label_for(finding.level)
    if finding.is_daily:
        metric = _("%(metric)s, mean per day") % {"metric": metric}
    return text % {
        "days": outcome.days,
        "metric": metric,
        "n": format_number(outcome.observed, finding),
        "usual": format_number(outcome.expected, finding),
    }

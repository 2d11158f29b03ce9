"""Welcomes, their conditions and what became of them in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from qunce.members.accounts import channel_labels
from qunce.outreach import skip_reasons
from qunce.outreach.sending.ledger import Message, State
from qunce.outreach.welcomes.models import Event, Reason, Welcome
from qunce.outreach.welcomes.selection import Mismatch

BROKEN = gettext_lazy(
    "The rule names something that is gone, so it fits nobody. Change the rule."
)


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def duration(length: timedelta) -> str:
    """Such as “1 hour 30 minutes”, without the units of which there are none."""
    minutes = int(length.total_seconds() // 60)
    days, hours = minutes // 1440, minutes // 60 % 24
    found = []
    if days:
        text = ngettext("%(n)s day", "%(n)s days", days)
        found.append(text % {"n": f"{days:,}"})
    if hours:
        found.append(ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours})
    if minutes % 60 or not found:
        text = ngettext("%(n)s minute", "%(n)s minutes", minutes % 60)
        found.append(text % {"n": minutes % 60})
    return " ".join(found)


def conditions(welcome: Welcome, group_names: Mapping[int, str]) -> list[str]:
    """The conditions of a welcome, a phrase for each.

    The phrase of a rule is left to the caller, which shows it with links.
    """
    if welcome.is_for_others:
        return [_("everyone else who joins the community")]
    separator = pgettext("between alternatives", " or ")
    if welcome.event == Event.GROUP:
        names = separator.join(f"“{group_names.get(pk, '…')}”" for pk in welcome.groups)
        found = [
            _("joins the group %(groups)s") % {"groups": names}
            if names
            else _("joins any group")
        ]
    else:
        found = [_("joins the community")]
    if welcome.sources:
        names = separator.join(
            f"“{channel_labels.label_of(each)}”" for each in welcome.sources
        )
        found.append(_("came through %(sources)s") % {"sources": names})
    if welcome.hour_from is not None and welcome.hour_until is not None:
        found.append(
            _("between %(start)s and %(end)s")
            % {"start": clock(welcome.hour_from), "end": clock(welcome.hour_until)}
        )
    return found


def why_not(welcome: Welcome, mismatch: Mismatch | None) -> str:
    """Why a welcome does not fit a join, "" if it does."""
    if mismatch is None:
        return ""
    if mismatch == Mismatch.EVENT:
        if welcome.event == Event.GROUP:
            return _("It is for joining a group.")
        return _("It is for joining the community.")
    return {
        Mismatch.OFF: _("It is switched off."),
        Mismatch.SOURCE: _("The member came through another source."),
        Mismatch.GROUP: _("It is for other groups."),
        Mismatch.HOUR: _("It is for other hours of the day."),
        Mismatch.RULE: _("The member is not one of those it is for."),
    }[mismatch]


def why_repeated(reason: str, days: int) -> str:
    """Why a join led to no message, in a sentence."""
    if reason == Reason.WELCOMED:
        return ngettext(
            "Was welcomed before, less than %(n)s day ago.",
            "Was welcomed before, less than %(n)s days ago.",
            days,
        ) % {"n": f"{days:,}"}
    return {
        Reason.NO_MATCH: _("No welcome fitted the join."),
        Reason.SAME_JOIN: _("Was welcomed for another join within the same hour."),
        Reason.MERGED: _("Was merged with a member who was welcomed."),
    }.get(Reason(reason) if reason else Reason.NO_MATCH, reason)


def state_of(message: Message, welcome: Welcome | None, zone: ZoneInfo) -> str:
    """What became of the message of a welcome, in a sentence."""
    words = {
        "welcome": welcome.name if welcome else "…",
        "state": State(message.state).label,
        "time": f"{message.changed_at.astimezone(zone):%Y-%m-%d %H:%M}",
        "reason": skip_reasons.label_of(message.reason),
        "staff": message.staff.name if message.staff else "",
    }
    if message.state == State.PLANNED and message.staff_id:
        return _("“%(welcome)s” waits for %(staff)s to post it.") % words
    if message.reason:
        return _("“%(welcome)s”: %(state)s on %(time)s, %(reason)s.") % words
    return _("“%(welcome)s”: %(state)s on %(time)s.") % words

"""The texts of notices, at most MAX_LENGTH characters in every language.

They are pure: each function gets what a text names and returns it in the active language.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.groups.moderation.models import Rung

MAX_LENGTH = 200
MAX_GROUP, MAX_RULE = 20, 24


def acted(
    *,
    number: int,
    group: str,
    rule: str,
    moment: str,
    rung: str,
    minutes: int | None,
    is_known_rule: bool = True,
) -> str:
    """What was done, because of which rule, when, and how to object."""
    what = _consequence(rung, minutes)
    text = (
        _(
            "Case %(number)s, %(time)s, “%(group)s”: your message broke the rule “%(rule)s”."
        )
        if is_known_rule
        else _(
            "Case %(number)s, %(time)s, “%(group)s”: %(rule)s decided on your message."
        )
    ) % {
        "number": number,
        "time": moment,
        "group": _short(group, MAX_GROUP),
        "rule": _short(rule, MAX_RULE),
    }
    how = _("To object, reply: appeal %(number)s") % {"number": number}
    return f"{text} {what} {how}"


def _consequence(rung: str, minutes: int | None) -> str:
    if rung == Rung.MUTE and minutes is not None:
        return ngettext(
            "You cannot write for %(n)s minute.",
            "You cannot write for %(n)s minutes.",
            minutes,
        ) % {"n": minutes}
    sentences = {
        Rung.WARN: _("Please keep to it."),
        Rung.DELETE: _("It was removed."),
        Rung.MUTE: _("You cannot write for now."),
        Rung.KICK: _("You were removed from the group."),
        Rung.BAN: _("You were banned from the group."),
    }
    return sentences[Rung(rung)]


def undone(*, number: int, group: str) -> str:
    return _(
        "Case %(number)s in “%(group)s” was undone. We are sorry. Nothing of it counts "
        "against you."
    ) % {"number": number, "group": _short(group, MAX_GROUP)}


def appeal_opened(*, number: int) -> str:
    return _(
        "We have your appeal of case %(number)s. Somebody who did not decide it answers."
    ) % {"number": number}


def appeal_answered(*, number: int, answer: str, overturned: bool) -> str:
    text = (
        _("Appeal of case %(number)s: the decision was undone. %(answer)s")
        if overturned
        else _("Appeal of case %(number)s: the decision stays. %(answer)s")
    )
    return text % {"number": number, "answer": answer}


def report_answered(*, number: int, right: bool) -> str:
    text = (
        _("Thank you for your report (%(number)s). We have dealt with the message.")
        if right
        else _(
            "Thank you for your report (%(number)s). We looked at the message and "
            "leave it as it is."
        )
    )
    return text % {"number": number}


def moment_of(at: datetime, timezone: str) -> str:
    """Day and time in the community's zone, such as 03-05 20:00."""
    return at.astimezone(ZoneInfo(timezone)).strftime("%m-%d %H:%M")


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"

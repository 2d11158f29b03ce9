"""Messages to those who signed up for a meet-up, in the active language."""

from __future__ import annotations

from django.utils.translation import gettext as _

from qunce.activities.activities.models import OVER
from qunce.activities.meetups import meetup_facts, terms
from qunce.activities.meetups.models import SignUp, State


def text_of(kind: str, sign_up: SignUp) -> str:
    """The message that follows from a fact, "" if it is not true any more."""
    activity = sign_up.activity
    values = {
        "name": activity.name,
        "time": terms.slot_text(activity, sign_up.slot),
        "place": activity.settings["place"],
        "reason": activity.reason,
    }
    if kind == meetup_facts.MeetupCalledOff.kind:
        text = _("“%(name)s” on %(time)s is called off: %(reason)s")
        return text % values
    is_over = activity.state in OVER
    if is_over or sign_up.state not in (State.SEATED, State.WAITING):
        return ""
    if kind == meetup_facts.MeetupPlaceChanged.kind:
        text = _(
            "“%(name)s” on %(time)s is at another place now: %(place)s. If it does not "
            "suit you, write “cancel sign-up” until it starts."
        )
        return text % values
    if sign_up.state != State.SEATED:
        return ""
    if kind == meetup_facts.MeetupMovedUp.kind:
        text = _(
            "A seat became free for you: “%(name)s”, %(time)s, %(place)s. If you cannot "
            "come, write “cancel sign-up”, so that somebody else can."
        )
        return text % values
    return _("See you soon: “%(name)s”, %(time)s, %(place)s.") % values

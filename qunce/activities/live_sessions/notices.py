"""Messages to those who reserved a live session, in the active language."""

from __future__ import annotations

from django.utils.translation import gettext as _

from qunce.activities.activities.models import OVER
from qunce.activities.live_sessions import live_session_facts, sessions
from qunce.activities.live_sessions.models import LiveReservation, State
from qunce.members.personal_links import portal_settings


def text_of(kind: str, reservation: LiveReservation) -> str:
    """The message that follows from a fact, "" if it is not true any more.

    The address is that of our page, whose button opens the room and counts.
    """
    activity = reservation.activity
    values = {
        "name": activity.name,
        "time": sessions.time_text(activity),
        "platform": activity.settings["platform"],
        "reason": activity.reason,
    }
    if kind == live_session_facts.LiveSessionCalledOff.kind:
        return _("“%(name)s” on %(time)s is called off: %(reason)s") % values
    if activity.state in OVER or reservation.state != State.RESERVED:
        return ""
    text = _("Live soon: “%(name)s”, %(time)s, %(platform)s.") % values
    page = portal_settings.find_address(activity.community, f"a/{activity.public_id}")
    return f"{text}\n{page}" if page else text

"""Facts about meet-ups: who signed up, got a seat, was reminded, came or did not."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from qunce.core.facts import facts


@dataclass(frozen=True, kw_only=True)
class MeetupFact(facts.FactKind):
    """`sign_up` is the number of the sign-up."""

    activity: int
    sign_up: int
    labels = {
        "activity": gettext_lazy("number of the activity"),
        "sign_up": gettext_lazy("number of the sign-up"),
        "has_seat": gettext_lazy("has a seat"),
        "how": gettext_lazy("how they were checked in"),
    }
    instead = gettext_lazy("Members sign up for a meet-up, under Activities.")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MeetupSignedUp(MeetupFact):
    """Without a seat they are on the waitlist."""

    kind = "meetup.signed_up"
    label = gettext_lazy("signed up for a meet-up")
    has_seat: bool


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MeetupMovedUp(MeetupFact):
    """A seat became free for somebody on the waitlist."""

    kind = "meetup.moved_up"
    label = gettext_lazy("got a seat from the waitlist")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MeetupSignUpCancelled(MeetupFact):
    kind = "meetup.cancelled"
    label = gettext_lazy("cancelled a sign-up for a meet-up")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MeetupReminded(MeetupFact):
    kind = "meetup.reminded"
    label = gettext_lazy("reminded of a meet-up")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MeetupPlaceChanged(MeetupFact):
    """The meet-up is at another place; they may cancel until it starts."""

    kind = "meetup.place_changed"
    label = gettext_lazy("was notified of another place")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MeetupCalledOff(MeetupFact):
    """The meet-up of somebody who signed up was cancelled."""

    kind = "meetup.called_off"
    label = gettext_lazy("meet-up was called off")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MeetupAttended(MeetupFact):
    """`how` is `qr`, `venue_code` or `list`."""

    kind = "meetup.attended"
    label = gettext_lazy("attended a meet-up")
    how: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MeetupCheckInUndone(MeetupFact):
    kind = "meetup.check_in_undone"
    label = gettext_lazy("check-in at a meet-up undone")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MeetupMissed(MeetupFact):
    kind = "meetup.missed"
    label = gettext_lazy("did not come to a meet-up")

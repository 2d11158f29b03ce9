"""Facts about live sessions: who reserved, was reminded, came and watched the replay."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from qunce.core.facts import facts


@dataclass(frozen=True, kw_only=True)
class LiveSessionFact(facts.FactKind):
    activity: int
    labels = {
        "activity": gettext_lazy("number of the activity"),
        "reservation": gettext_lazy("number of the reservation"),
        "attendance": gettext_lazy("number of the attendance"),
        "how": gettext_lazy("how it is known that they came"),
        "minutes": gettext_lazy("minutes before the start"),
        "number": gettext_lazy("number that was typed"),
    }
    instead = gettext_lazy("Members reserve a live session, under Activities.")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class LiveSessionReserved(LiveSessionFact):
    kind = "live_session.reserved"
    label = gettext_lazy("reserved a live session")
    reservation: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class LiveSessionCancelled(LiveSessionFact):
    """A member, or staff for them, cancelled a reservation."""

    kind = "live_session.cancelled"
    label = gettext_lazy("cancelled the reservation of a live session")
    reservation: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class LiveSessionReminded(LiveSessionFact):
    """`minutes` is how long before the start the reminder was due."""

    kind = "live_session.reminded"
    label = gettext_lazy("reminded of a live session")
    reservation: int
    minutes: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class LiveSessionCalledOff(LiveSessionFact):
    """The live session of somebody who reserved was cancelled."""

    kind = "live_session.called_off"
    label = gettext_lazy("live session was called off")
    reservation: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class LiveSessionAttended(LiveSessionFact):
    """`how` is `link`, `word` or `list`."""

    kind = "live_session.attended"
    label = gettext_lazy("came to a live session")
    attendance: int
    how: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class LiveSessionAttendanceUndone(LiveSessionFact):
    kind = "live_session.attendance_undone"
    label = gettext_lazy("attendance at a live session undone")
    attendance: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class LiveSessionNumberTyped(LiveSessionFact):
    """Staff typed how many people the platform counted."""

    kind = "live_session.number_typed"
    label = gettext_lazy("attendance of a live session typed")
    number: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class LiveSessionReplaySet(LiveSessionFact):
    kind = "live_session.replay_set"
    label = gettext_lazy("replay of a live session changed")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class LiveSessionReplayWatched(LiveSessionFact):
    """The first time that a member opened the replay."""

    kind = "live_session.replay_watched"
    label = gettext_lazy("watched the replay of a live session")

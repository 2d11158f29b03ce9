"""What the pages of a meet-up show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qunce.activities import eligibility
from qunce.activities.activities.models import Activity
from qunce.activities.meetups import attendance, seats, terms
from qunce.activities.meetups.models import SignUp, Slot, State
from qunce.console import http, member_names

TONES = {
    State.SEATED: "info",
    State.WAITING: "warn",
    State.ATTENDED: "good",
    State.MISSED: "bad",
    State.CANCELLED: "",
}


@dataclass(frozen=True)
class Line:
    """A sign-up with the name of its person, and what can be done with it."""

    row: SignUp
    name: str
    tone: str
    may_check_in: bool
    is_active: bool
    reason: str
    """Why the person does not count any more, "" if they do."""


@dataclass(frozen=True)
class SlotLines:
    slot: Slot
    text: str
    seated: list[Line]
    waiting: list[Line]
    others: list[Line]


def lines(
    request: http.Request, activity: Activity, rows: Sequence[SignUp]
) -> list[Line]:
    accounts = [row.account_id for row in rows]
    names = member_names.find(accounts)
    reasons = eligibility.find_uncounted(activity.community, accounts, at=request.at)
    return [
        Line(
            row=row,
            name=names.get(row.account_id, ""),
            tone=TONES[State(row.state)],
            may_check_in=attendance.may_check_in(row, request.at),
            is_active=row.state in (State.SEATED, State.WAITING),
            reason=str(reasons[row.account_id].label)
            if row.account_id in reasons
            else "",
        )
        for row in rows
    ]


def by_slot(activity: Activity, found: Sequence[Line]) -> list[SlotLines]:
    """The sign-ups of each time: with a seat, on the waitlist, and cancelled."""
    holding = (State.SEATED, State.ATTENDED, State.MISSED)
    return [
        SlotLines(
            slot=slot,
            text=terms.slot_text(activity, slot),
            seated=[
                line
                for line in found
                if line.row.slot_id == slot.pk and line.row.state in holding
            ],
            waiting=[
                line
                for line in found
                if line.row.slot_id == slot.pk and line.row.state == State.WAITING
            ],
            others=[
                line
                for line in found
                if line.row.slot_id == slot.pk and line.row.state == State.CANCELLED
            ],
        )
        for slot in seats.list_slots(activity)
    ]

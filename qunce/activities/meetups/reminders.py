"""Reminders of a meet-up, once for each seat, some hours before it starts."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from qunce.activities.activities.models import State as ActivityState
from qunce.activities.meetups import meetup_facts, seats, terms
from qunce.activities.meetups.models import SignUp, Slot, State

MAX_HOURS, MAX_PER_RUN = 30 * 24, 500


def remind_due(*, at: datetime) -> int:
    """Remind those whose slot starts soon; returns how many.

    Who got the seat after that moment has just read the time, and is not reminded.
    """
    rows = Slot.objects.filter(
        starts_at__gt=at,
        starts_at__lte=at + timedelta(hours=MAX_HOURS),
        activity__state__in=[ActivityState.RUNNING, ActivityState.PAUSED],
    )
    count = 0
    for slot in rows.select_related("activity__community").order_by("starts_at", "pk"):
        due = terms.remind_at(slot.activity, slot)
        if due is not None and due <= at and count < MAX_PER_RUN:
            count += _remind(slot, due, at, MAX_PER_RUN - count)
    return count


def _remind(slot: Slot, due: datetime, at: datetime, limit: int) -> int:
    rows = SignUp.objects.filter(
        slot=slot, state=State.SEATED, reminded_at__isnull=True, seat_at__lt=due
    )
    found = list(rows.select_related("activity__community").order_by("pk")[:limit])
    return sum(_remind_one(row, at) for row in found)


@transaction.atomic
def _remind_one(row: SignUp, at: datetime) -> bool:
    # Somebody may have cancelled since it was read.
    rows = SignUp.objects.filter(
        pk=row.pk, state=State.SEATED, reminded_at__isnull=True
    )
    if not rows.update(reminded_at=at):
        return False
    seats.record(meetup_facts.MeetupReminded, row, by=None, at=at)
    return True

"""Seats of a meet-up: taken one by one, given back, and given to the next in line.

Every change of a sign-up locks the meet-up first; a seat is taken by an UPDATE that holds
the capacity itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models, transaction

from qunce.activities import eligibility
from qunce.activities.activities import activities, entries
from qunce.activities.activities.models import OPEN, Activity
from qunce.activities.meetups import meetup_facts, terms, waitlist
from qunce.activities.meetups.meetup_facts import MeetupFact
from qunce.activities.meetups.models import HOLDING, Meetup, SignUp, Slot, State
from qunce.activities.meetups.waitlist import InLine
from qunce.core.facts import facts as fact_log
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.facts import RecordedFact
    from qunce.core.staff.models import Staff

KIND = "meetup"


def record(
    kind: type[MeetupFact],
    row: SignUp,
    *,
    by: Staff | None,
    at: datetime,
    **payload: Any,
) -> None:
    """Record a fact about a sign-up, unless the member was erased."""
    if account_queries.find_erased([row.account_id]):
        return
    fact = kind(
        account=row.account_id, activity=row.activity_id, sign_up=row.pk, **payload
    )
    fact_log.record(fact, community=row.activity.community, by=by, at=at)


def check_meetup(activity: Activity) -> None:
    """Raise ActivityNotFound for another kind of activity, and for one not published."""
    if activity.kind != KIND or activity.published_at is None:
        raise activities.not_found()


def lock(activity: Activity) -> Meetup:
    """The meet-up; nobody else changes its sign-ups until the transaction ends."""
    return Meetup.objects.select_for_update(of=("self",)).get(activity=activity)


def take(slot: Slot) -> bool:
    """Take a seat of a slot, if there is one."""
    rows = Slot.objects.filter(
        models.Q(capacity__isnull=True) | models.Q(taken__lt=models.F("capacity")),
        pk=slot.pk,
    )
    return bool(rows.update(taken=models.F("taken") + 1))


def give_back(slot: int) -> None:
    """Give back a seat that a sign-up held."""
    rows = Slot.objects.filter(pk=slot, taken__gt=0)
    rows.update(taken=models.F("taken") - 1)


def list_slots(activity: Activity) -> list[Slot]:
    rows = Slot.objects.filter(activity=activity).order_by("number")
    return list(rows.select_related("activity__community"))


# What follows from the settings


def publish(activity: Activity, at: datetime) -> None:
    """Create the slots of what members read from now on."""
    place = activity.settings["place"]
    Meetup.objects.create(activity=activity, place=place)
    _save_slots(activity)


def _save_slots(activity: Activity) -> None:
    for each in terms.list_times(activity.settings):
        Slot.objects.update_or_create(
            activity=activity,
            number=each.number,
            defaults={
                "starts_at": each.starts_at,
                "ends_at": each.ends_at,
                "capacity": each.capacity,
            },
        )


@transaction.atomic
def follow_settings(activity: Activity, at: datetime) -> None:
    """Add slots and seats that were added, and note another place."""
    meetup = lock(activity)
    activity.refresh_from_db()
    _save_slots(activity)
    place = activity.settings["place"]
    if place != meetup.place:
        meetup.place, meetup.place_changed_at = place, at
        meetup.save(update_fields=["place", "place_changed_at"])
        rows = SignUp.objects.filter(
            activity=activity, state__in=[State.SEATED, State.WAITING]
        )
        for row in rows.select_related("activity__community").order_by("pk"):
            record(meetup_facts.MeetupPlaceChanged, row, by=None, at=at)
    fill(activity, at)


def call_off(activity: Activity, at: datetime) -> None:
    """Record for everybody who signed up that the meet-up was cancelled."""
    if not Meetup.objects.filter(activity=activity).exists():
        return
    lock(activity)
    rows = SignUp.objects.filter(
        activity=activity, state__in=[State.SEATED, State.WAITING]
    )
    for row in rows.select_related("activity__community").order_by("pk"):
        record(meetup_facts.MeetupCalledOff, row, by=None, at=at)


# The waitlist


def fill(activity: Activity, at: datetime) -> None:
    """Give free seats to the next in line; call it with the meet-up locked.

    Nobody moves up in a slot that has started, nor in an activity that is over.
    """
    if activity.state not in OPEN:
        return
    slots = {slot.pk: slot for slot in list_slots(activity)}
    open_slots = {pk for pk, slot in slots.items() if slot.starts_at > at}
    rows = SignUp.objects.filter(activity=activity).exclude(state=State.CANCELLED)
    held = {row.pk: row for row in rows.select_related("activity__community")}
    in_line = list(held.values())
    moves = waitlist.decide(
        _in_line(in_line, open_slots),
        {pk: slots[pk].capacity if pk in open_slots else 0 for pk in slots},
        not_counted=_find_not_counted(activity, in_line, at),
    )
    for pk in moves.back:
        if SignUp.objects.filter(pk=pk, state=State.SEATED).update(
            state=State.WAITING, seat_at=None
        ):
            give_back(held[pk].slot_id)
    for pk in moves.up:
        if not take(slots[held[pk].slot_id]):
            continue
        SignUp.objects.filter(pk=pk).update(state=State.SEATED, seat_at=at)
        record(meetup_facts.MeetupMovedUp, held[pk], by=None, at=at)


def _in_line(rows: Sequence[SignUp], open_slots: set[int]) -> list[InLine]:
    persons = account_queries.person_ids(row.account_id for row in rows)
    return [
        InLine(
            pk=row.pk,
            slot=row.slot_id,
            place=row.place,
            person=persons[row.account_id],
            has_seat=row.state in HOLDING,
            may_return=row.state == State.SEATED and row.slot_id in open_slots,
        )
        for row in rows
    ]


def _find_not_counted(
    activity: Activity, rows: Sequence[SignUp], at: datetime
) -> set[int]:
    """The people on the waitlist who would not count: staff, blacklisted, departed."""
    waiting = [row.account_id for row in rows if row.state == State.WAITING]
    out = set(eligibility.find_uncounted(activity.community, waiting, at=at))
    out |= entries.find_struck_out(activity, waiting)
    persons = account_queries.person_ids(waiting)
    return {persons[account] for account in out}


# Reactions


def react_to_changed(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to changed settings of a published meet-up."""
    for fact in facts:
        if "settings" in fact.payload.get("fields", ()):
            rows = Activity.objects.select_related("community")
            activity = rows.filter(pk=fact.payload["activity"], kind=KIND).first()
            if activity is not None and activity.state in OPEN:
                follow_settings(activity, at)


def react_to_merge(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to members who were merged or separated: one seat for each person."""
    accounts = {
        account
        for fact in facts
        for account in (fact.account, fact.payload["other"])
        if account is not None
    }
    every = {
        account
        for own in account_queries.accounts_by_person(accounts).values()
        for account in own
    }
    found = SignUp.objects.filter(account_id__in=sorted(every)).values("activity")
    rows = Activity.objects.filter(community=community, pk__in=found)
    for activity in rows.select_related("community").order_by("pk"):
        with transaction.atomic():
            lock(activity)
            fill(activity, at)

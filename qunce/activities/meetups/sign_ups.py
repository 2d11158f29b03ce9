"""Signing up for a meet-up and cancelling that, with a waitlist that moves up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext as _

from qunce.activities import time_texts
from qunce.activities.activities import activities
from qunce.activities.activities.models import OPEN, TYPED, Activity
from qunce.activities.meetups import meetup_facts, seats, terms
from qunce.activities.meetups.models import Meetup, SignUp, Slot, State, new_code
from qunce.core import db, errors
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.activities.activities.kind_contract import Attempt
    from qunce.core.communities import Community
    from qunce.core.facts.facts import RecordedFact
    from qunce.core.staff.models import Staff

ACTIVE = (State.SEATED, State.WAITING)
BEST_FIRST = (
    State.ATTENDED,
    State.SEATED,
    State.WAITING,
    State.MISSED,
    State.CANCELLED,
)


class SignUpNotFound(errors.NotFound):
    """There is no such sign-up, or it is of a member whom the staff do not see."""


class AlreadySignedUp(errors.Refused):
    """The person signed up before, with one of their accounts."""


class SignUpClosed(errors.Refused):
    """It is too late to sign up for this time."""


class CannotCancel(errors.Refused):
    """There is nothing to cancel, or it is too late."""


# Checks


def check_may_cancel(sign_up: SignUp, at: datetime) -> None:
    """Raise CannotCancel for a member without a sign-up, or after the last moment.

    The waitlist can be left until the start. So can a seat that they got after the last
    moment, or at a place that changed since they signed up.
    """
    if sign_up.state not in ACTIVE:
        raise CannotCancel(_("You have not signed up, so there is nothing to cancel."))
    slot, activity = sign_up.slot, sign_up.activity
    if at >= slot.starts_at:
        raise CannotCancel(_("It has started. Please ask our staff."))
    if sign_up.state == State.WAITING or _is_place_other(sign_up):
        return
    until = terms.cancel_until(activity, slot)
    if until is None:
        raise CannotCancel(_("Only our staff can cancel this. Please ask them."))
    is_late_seat = sign_up.seat_at is not None and sign_up.seat_at > max(
        until, sign_up.at
    )
    if at >= until and not is_late_seat:
        raise CannotCancel(
            _("You could cancel until %(time)s. Please ask our staff.")
            % {"time": time_texts.moment_text(activity, until)}
        )


def may_cancel(sign_up: SignUp, at: datetime) -> bool:
    try:
        check_may_cancel(sign_up, at)
    except CannotCancel:
        return False
    return True


def _is_place_other(sign_up: SignUp) -> bool:
    rows = Meetup.objects.filter(
        activity=sign_up.activity_id, place_changed_at__gt=sign_up.at
    )
    return rows.exists()


# Verbs


@transaction.atomic
def sign_up(attempt: Attempt, *, slot: Slot, answers: list[list[str]]) -> SignUp:
    """Give the person a seat, or a place on the waitlist.

    Raises AlreadySignedUp or SignUpClosed. The kind calls it in the transaction in which
    eligibility was judged. Staff can type somebody until the slot ends.
    """
    activity, at = attempt.activity, attempt.at
    meetup = seats.lock(activity)
    found = find_own(activity, attempt.accounts)
    if found is not None and found.state != State.CANCELLED:
        raise AlreadySignedUp(state_text(found))
    is_typed = attempt.way in TYPED
    until = slot.ends_at if is_typed else terms.sign_up_until(activity, slot)
    if at >= until:
        raise SignUpClosed(
            _("You could sign up until %(time)s.")
            % {"time": time_texts.moment_text(activity, until)}
        )
    meetup.places += 1
    meetup.save(update_fields=["places"])
    has_seat = seats.take(slot)
    row = _find_row(activity, attempt.person_id) or SignUp(
        activity=activity, person_id=attempt.person_id
    )
    row.slot, row.account_id, row.answers = slot, attempt.account_id, answers
    row.state = State.SEATED if has_seat else State.WAITING
    row.place, row.source, row.by, row.at = meetup.places, attempt.way, attempt.by, at
    row.seat_at = at if has_seat else None
    row.reminded_at = row.cancelled_at = row.cancelled_by = None
    row.save()
    seats.record(
        meetup_facts.MeetupSignedUp, row, by=attempt.by, at=at, has_seat=has_seat
    )
    return row


def _find_row(activity: Activity, person: int) -> SignUp | None:
    """The row that names this person, if its account is still theirs and it is cancelled.

    That of somebody who was separated from them since is given its own person.
    """
    row = SignUp.objects.filter(activity=activity, person_id=person).first()  # unique
    if row is None:
        return None
    now = account_queries.person_ids([row.account_id])[row.account_id]
    if now == person:
        return row if row.state == State.CANCELLED else None
    SignUp.objects.filter(pk=row.pk).update(person_id=now)
    return None


@transaction.atomic
def cancel(*, sign_up: SignUp, by: Staff | None, at: datetime) -> None:
    """Cancel a sign-up; without `by` the member does it, within their time.

    A seat goes to the next in line. Raises CannotCancel.
    """
    if by is not None:
        check_may_change(sign_up, by, at)
    seats.lock(sign_up.activity)
    sign_up.refresh_from_db()
    if by is None:
        check_may_cancel(sign_up, at)
    if not _cancel(sign_up, by, at):
        raise CannotCancel(_("This sign-up is cancelled, or the member came."))
    seats.fill(sign_up.activity, at)


def _cancel(sign_up: SignUp, by: Staff | None, at: datetime) -> bool:
    had_seat = sign_up.state == State.SEATED
    rows = SignUp.objects.filter(pk=sign_up.pk, state=sign_up.state)
    if sign_up.state not in ACTIVE or not rows.update(
        state=State.CANCELLED, cancelled_at=at, cancelled_by=by, seat_at=None
    ):
        return False
    if had_seat:
        seats.give_back(sign_up.slot_id)
    sign_up.refresh_from_db()
    seats.record(meetup_facts.MeetupSignUpCancelled, sign_up, by=by, at=at)
    return True


def check_may_change(sign_up: SignUp, by: Staff, at: datetime) -> None:
    """Raise unless `by` runs the activity and sees the member."""
    activities.check_may_run(by, sign_up.activity)
    visibility.check_visible(by=by, accounts=[sign_up.account_id], at=at)


# Reactions


def react_to_struck_out(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to entries that were struck out: their seats go to the next in line."""
    for fact in facts:
        if fact.account is not None:
            accounts = account_queries.account_ids_of_person(fact.account)
            rows = _rows().filter(
                activity=fact.payload["activity"], account_id__in=accounts
            )
            _release(rows, at)


def clear_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to erased members: their answers and codes are gone, and their seats free."""
    gone = {fact.account for fact in facts if fact.account is not None}
    rows = _rows().filter(activity__community=community, account_id__in=gone)
    _release(rows, at)
    for row in rows:
        SignUp.objects.filter(pk=row.pk).update(answers=[], code=new_code())


def _release(rows: models.QuerySet[SignUp], at: datetime) -> None:
    for row in rows.filter(state__in=ACTIVE, activity__state__in=OPEN):
        with transaction.atomic():
            seats.lock(row.activity)
            row.refresh_from_db()
            if _cancel(row, None, at):
                seats.fill(row.activity, at)


# Reads


def _rows() -> models.QuerySet[SignUp]:
    return SignUp.objects.select_related(
        "activity__community", "slot", "by", "checked_in_by", "cancelled_by"
    )


def find_own(activity: Activity, accounts: Sequence[int]) -> SignUp | None:
    """The sign-up of a person by all their accounts: of several the earliest with a seat."""
    rows = _rows().filter(activity=activity, account_id__in=accounts)
    order = {state: number for number, state in enumerate(BEST_FIRST)}
    return min(rows, key=lambda row: (order[State(row.state)], row.place), default=None)


def list_active(activity: Activity, accounts: Sequence[int]) -> list[SignUp]:
    """What a person would cancel: all that their accounts signed up for."""
    rows = _rows().filter(activity=activity, account_id__in=accounts, state__in=ACTIVE)
    return list(rows.order_by("place"))


def list_visible(*, activity: Activity, by: Staff, at: datetime) -> list[SignUp]:
    """The sign-ups of members whom `by` sees, by slot and place in line."""
    activities.check_may_run(by, activity)
    rows = list(_rows().filter(activity=activity).order_by("slot__number", "place"))
    if by.scope is None:
        return rows
    people = account_queries.person_ids(row.account_id for row in rows)
    seen = visibility.filter_visible(by=by, accounts=people, at=at)
    return [row for row in rows if people[row.account_id] in seen]


def get(*, activity: Activity, pk: int, by: Staff, at: datetime) -> SignUp:
    """The sign-up with this number, of a member whom `by` sees."""
    return _get(models.Q(pk=pk), activity, by, at)


def get_by_code(*, activity: Activity, code: str, by: Staff, at: datetime) -> SignUp:
    """The sign-up whose code was scanned or typed."""
    return _get(models.Q(code=code.strip().casefold()), activity, by, at)


def _get(condition: models.Q, activity: Activity, by: Staff, at: datetime) -> SignUp:
    activities.check_may_run(by, activity)
    row = _rows().filter(condition, activity=activity).first()  # unique
    if row is None or not visibility.filter_visible(
        by=by, accounts=[row.account_id], at=at
    ):
        raise SignUpNotFound(_("There is no such sign-up."))
    return row


# In the database, as the meet-up is locked while somebody signs up: a merged person who
# waits with two accounts counts once, and not at all with a seat.
COUNT_AHEAD = """
SELECT count(DISTINCT coalesce(a.person_id, s.account_id))
FROM meetups_sign_up s LEFT JOIN sets_alias a ON a.account_id = s.account_id
WHERE s.slot_id = %s AND s.state = %s AND s.place < %s
    AND coalesce(a.person_id, s.account_id) NOT IN (
        SELECT coalesce(b.person_id, t.account_id)
        FROM meetups_sign_up t LEFT JOIN sets_alias b ON b.account_id = t.account_id
        WHERE t.activity_id = %s AND t.state = %s)
"""


def place_in_line(sign_up: SignUp) -> int:
    """The place of somebody on the waitlist, from 1 on; people with a seat are left out."""
    ahead = [sign_up.slot_id, State.WAITING.value, sign_up.place]
    seated = [sign_up.activity_id, State.SEATED.value]
    ((count,),) = db.rows(COUNT_AHEAD, [*ahead, *seated])
    return int(count) + 1


def state_text(sign_up: SignUp) -> str:
    """What the member reads about their sign-up."""
    values = {
        "time": terms.slot_text(sign_up.activity, sign_up.slot),
        "place": sign_up.activity.settings["place"],
    }
    if sign_up.state == State.SEATED:
        return _("You have a seat: %(time)s, %(place)s.") % values
    if sign_up.state == State.WAITING:
        values["n"] = f"{place_in_line(sign_up):,}"
        text = _(
            "It is full. You are number %(n)s on the waitlist for %(time)s, and read it "
            "here when you get a seat."
        )
        return text % values
    if sign_up.state == State.ATTENDED:
        return _("You are checked in: %(time)s, %(place)s.") % values
    if sign_up.state == State.MISSED:
        return _("You had a seat and were not checked in.")
    return _("Your sign-up is cancelled.")

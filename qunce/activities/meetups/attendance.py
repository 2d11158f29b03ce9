"""Checking in at a meet-up, each person once, and noting who did not come."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext as _

from qunce.activities import time_texts
from qunce.activities.activities.models import Activity
from qunce.activities.activities.models import State as ActivityState
from qunce.activities.meetups import meetup_facts, seats, sign_ups, terms, venue_codes
from qunce.activities.meetups.models import How, Meetup, SignUp, State
from qunce.core import communities, errors
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qunce.core.staff.models import Staff

GRACE = timedelta(hours=12)
"""How long after the end a printed list can be typed in before no-shows are noted."""
MAX_TRIES, MAX_PER_RUN = 20, 50
TAKING = (ActivityState.RUNNING, ActivityState.PAUSED, ActivityState.CLOSED)


class CannotCheckIn(errors.Refused):
    """Too early, without a seat, with a wrong code, or a second time."""


class WrongCode(CannotCheckIn):
    """The code was not that of now; the try is counted."""


def check_in_opens(sign_up: SignUp) -> datetime:
    return sign_up.slot.starts_at - terms.CHECK_IN_AHEAD


def check_may_check_in(sign_up: SignUp, at: datetime) -> None:
    """Raise CannotCheckIn with the reason why the member cannot be checked in."""
    activity = sign_up.activity
    if activity.state not in TAKING:
        raise CannotCheckIn(_("Check-in for this meet-up is over."))
    if sign_up.state == State.ATTENDED:
        raise CannotCheckIn(attended_text(sign_up))
    if sign_up.state == State.WAITING:
        raise CannotCheckIn(
            _("On the waitlist, without a seat. Raise the number of seats first.")
        )
    if sign_up.state == State.CANCELLED:
        raise CannotCheckIn(_("This sign-up is cancelled."))
    opens = check_in_opens(sign_up)
    if at < opens:
        raise CannotCheckIn(
            _("Check-in begins at %(time)s.")
            % {"time": time_texts.moment_text(activity, opens)}
        )


def may_check_in(sign_up: SignUp, at: datetime) -> bool:
    try:
        check_may_check_in(sign_up, at)
    except CannotCheckIn:
        return False
    return True


def attended_text(sign_up: SignUp) -> str:
    """When, how and where somebody was checked in, for a second try."""
    at = sign_up.checked_in_at
    zone = communities.zone(sign_up.activity.community)
    values = {
        "time": f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}" if at else "",
        "how": sign_up.get_checked_in_how_display(),
        "place": sign_up.activity.settings["place"],
    }
    return _("Checked in already: %(time)s, %(how)s, %(place)s.") % values


@transaction.atomic
def record(*, sign_up: SignUp, how: How, by: Staff | None, at: datetime) -> None:
    """Note that the person came; the second try raises CannotCheckIn with time and place."""
    if by is not None:
        sign_ups.check_may_change(sign_up, by, at)
    seats.lock(sign_up.activity)
    sign_up.refresh_from_db()
    check_may_check_in(sign_up, at)
    rows = SignUp.objects.filter(pk=sign_up.pk, state__in=[State.SEATED, State.MISSED])
    changed = rows.update(
        state=State.ATTENDED, checked_in_at=at, checked_in_how=how, checked_in_by=by
    )
    sign_up.refresh_from_db()
    if not changed:
        raise CannotCheckIn(attended_text(sign_up))
    seats.record(meetup_facts.MeetupAttended, sign_up, by=by, at=at, how=how.value)


@transaction.atomic
def undo_check_in(*, sign_up: SignUp, by: Staff, at: datetime) -> None:
    """Take back a check-in of the wrong person; they have their seat again."""
    sign_ups.check_may_change(sign_up, by, at)
    seats.lock(sign_up.activity)
    rows = SignUp.objects.filter(
        pk=sign_up.pk, state=State.ATTENDED, activity__state__in=TAKING
    )
    if not rows.update(
        state=State.SEATED, checked_in_at=None, checked_in_how="", checked_in_by=None
    ):
        raise CannotCheckIn(_("There is no check-in that can be undone."))
    sign_up.refresh_from_db()
    seats.record(meetup_facts.MeetupCheckInUndone, sign_up, by=by, at=at)


def check_in_with_code(
    *, activity: Activity, accounts: Sequence[int], typed: str, at: datetime
) -> SignUp:
    """Check a member in who typed the code of the place; raises CannotCheckIn.

    Wrong codes are counted; after MAX_TRIES of them only staff can check them in.
    """
    sign_up = sign_ups.find_own(activity, accounts)
    if sign_up is None or sign_up.state == State.CANCELLED:
        raise CannotCheckIn(_("Sign up first."))
    check_may_check_in(sign_up, at)
    if at >= sign_up.slot.ends_at:
        raise CannotCheckIn(_("It is over. Please ask our staff."))
    # Counted before it is judged, so that tries at the same time are not free.
    rows = SignUp.objects.filter(pk=sign_up.pk)
    if not rows.filter(tries__lt=MAX_TRIES).update(tries=models.F("tries") + 1):
        raise CannotCheckIn(_("Too many wrong codes. Please ask our staff."))
    secret = Meetup.objects.get(activity=activity).secret
    if not secret or not venue_codes.is_right(secret, typed, at):
        raise WrongCode(_("This is not the current code. Read it again at the place."))
    rows.update(tries=models.F("tries") - 1)
    record(sign_up=sign_up, how=How.VENUE_CODE, by=None, at=at)
    return sign_up


def note_missed_due(*, at: datetime) -> int:
    """Note who did not come to meet-ups that ended long enough ago; returns how many."""
    rows = Meetup.objects.filter(
        missed_noted_at__isnull=True,
        activity__state__in=[
            ActivityState.CLOSED,
            ActivityState.SETTLED,
            ActivityState.REVIEWED,
        ],
        activity__closed_at__lte=at - GRACE,
    )
    count = 0
    for meetup in rows.select_related("activity__community").order_by("pk")[
        :MAX_PER_RUN
    ]:
        if at >= terms.end_of(meetup.activity.settings) + GRACE:
            count += _note_missed(meetup, at)
    return count


@transaction.atomic
def _note_missed(meetup: Meetup, at: datetime) -> int:
    locked = seats.lock(meetup.activity)
    if locked.missed_noted_at is not None:
        return 0
    locked.missed_noted_at = at
    locked.save(update_fields=["missed_noted_at"])
    rows = SignUp.objects.filter(activity=meetup.activity, state=State.SEATED)
    found = list(rows.select_related("activity__community").order_by("pk"))
    rows.update(state=State.MISSED)
    gone = account_queries.find_erased(row.account_id for row in found)
    for row in found:
        if row.account_id not in gone:
            seats.record(meetup_facts.MeetupMissed, row, by=None, at=at)
    return len(found)

"""Reserving a live session and cancelling that, until it starts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext as _

from qunce.activities.activities import activities
from qunce.activities.activities.models import TYPED, Activity
from qunce.activities.live_sessions import live_session_facts, sessions
from qunce.activities.live_sessions.models import LiveReservation, State
from qunce.core import errors
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.activities.activities.kind_contract import Attempt
    from qunce.core.communities import Community
    from qunce.core.facts.facts import RecordedFact
    from qunce.core.staff.models import Staff


class ReservationNotFound(errors.NotFound):
    """There is no such reservation, or it is of a member whom the staff do not see."""


class AlreadyReserved(errors.Refused):
    """The person reserved before, with one of their accounts."""


class ReservationClosed(errors.Refused):
    """It has started, so that it cannot be reserved or cancelled."""


class NotReserved(errors.Refused):
    """There is nothing to cancel."""


# Verbs


def reserve(attempt: Attempt) -> LiveReservation:
    """Reserve for the person; raises AlreadyReserved or ReservationClosed.

    The kind calls it in the transaction in which eligibility was judged. Staff can type
    somebody until the end.
    """
    activity, at = attempt.activity, attempt.at
    if find_own(activity, attempt.accounts) is not None:
        raise AlreadyReserved(state_text(activity))
    session = sessions.get(activity)
    until = session.ends_at if attempt.way in TYPED else session.starts_at
    if at >= until:
        raise ReservationClosed(
            _("It has started, so it cannot be reserved any more. Just come.")
        )
    values = {
        "person_id": attempt.person_id,
        "state": State.RESERVED,
        "source": attempt.way,
        "at": at,
        "by": attempt.by,
        "reminded": None,
        "cancelled_at": None,
        "cancelled_by": None,
    }
    row, is_new = LiveReservation.objects.get_or_create(
        activity=activity, account_id=attempt.account_id, defaults=values
    )
    if not is_new:
        rows = LiveReservation.objects.filter(pk=row.pk, state=State.CANCELLED)
        if not rows.update(**values):
            raise AlreadyReserved(state_text(activity))
        row.refresh_from_db()
    sessions.record(
        live_session_facts.LiveSessionReserved,
        activity,
        account=row.account_id,
        by=attempt.by,
        at=at,
        reservation=row.pk,
    )
    return row


def cancel_own(activity: Activity, accounts: Sequence[int], at: datetime) -> None:
    """Cancel what a person reserved, with all their accounts; raises NotReserved."""
    rows = list(_rows().filter(activity=activity, account_id__in=accounts))
    found = [row for row in rows if row.state == State.RESERVED]
    if not found:
        raise NotReserved(_("You have not reserved, so there is nothing to cancel."))
    if at >= sessions.get(activity).starts_at:
        raise ReservationClosed(_("It has started. There is nothing to cancel."))
    with transaction.atomic():
        for row in found:
            _cancel(row, by=None, at=at)


@transaction.atomic
def cancel(*, reservation: LiveReservation, by: Staff, at: datetime) -> None:
    """Cancel a reservation for somebody who asked staff for it."""
    activities.check_may_run(by, reservation.activity)
    visibility.check_visible(by=by, accounts=[reservation.account_id], at=at)
    if not _cancel(reservation, by=by, at=at):
        raise NotReserved(_("This reservation is cancelled already."))


def _cancel(row: LiveReservation, *, by: Staff | None, at: datetime) -> bool:
    rows = LiveReservation.objects.filter(pk=row.pk, state=State.RESERVED)
    if not rows.update(state=State.CANCELLED, cancelled_at=at, cancelled_by=by):
        return False
    row.refresh_from_db()
    sessions.record(
        live_session_facts.LiveSessionCancelled,
        row.activity,
        account=row.account_id,
        by=by,
        at=at,
        reservation=row.pk,
    )
    return True


def clear_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to erased members: nothing is sent to them, and they do not count."""
    gone = {fact.account for fact in facts if fact.account is not None}
    rows = LiveReservation.objects.filter(
        activity__community=community, account_id__in=gone, state=State.RESERVED
    )
    rows.update(state=State.CANCELLED, cancelled_at=at)


# Reads


def _rows() -> models.QuerySet[LiveReservation]:
    return LiveReservation.objects.select_related(
        "activity__community", "by", "cancelled_by"
    )


def find_own(activity: Activity, accounts: Sequence[int]) -> LiveReservation | None:
    """The reservation that a person has, by all their accounts: the earliest one."""
    rows = _rows().filter(
        activity=activity, account_id__in=accounts, state=State.RESERVED
    )
    return rows.order_by("at", "pk").first()


def list_visible(
    *, activity: Activity, by: Staff, at: datetime
) -> list[LiveReservation]:
    """The reservations of members whom `by` sees, the earliest first."""
    activities.check_may_run(by, activity)
    rows = visibility.filter_rows(_rows().filter(activity=activity), by=by, at=at)
    return list(rows.order_by("at", "pk"))


def get(*, activity: Activity, pk: int, by: Staff, at: datetime) -> LiveReservation:
    """The reservation with this number, of a member whom `by` sees."""
    activities.check_may_run(by, activity)
    row = _rows().filter(activity=activity, pk=pk).first()  # unique
    if row is None or not visibility.filter_visible(
        by=by, accounts=[row.account_id], at=at
    ):
        raise ReservationNotFound(_("There is no such reservation of a live session."))
    return row


def state_text(activity: Activity) -> str:
    """What a member reads who reserved."""
    values = {
        "time": sessions.time_text(activity),
        "platform": activity.settings["platform"],
    }
    return _("You have reserved: %(time)s, %(platform)s.") % values

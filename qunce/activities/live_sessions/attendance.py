"""Attendance of live sessions: by the link, by a word said in a group, or from a list.

Of each account there is one row; people are counted, so that two accounts of a merged
person count once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext as _

from qunce.activities import time_texts
from qunce.activities.activities import activities
from qunce.activities.activities.models import Activity
from qunce.activities.live_sessions import (
    attendance_points,
    live_session_facts,
    sessions,
)
from qunce.activities.live_sessions.models import How, LiveAttendance
from qunce.core import errors
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.activities.activities.kind_contract import Attempt
    from qunce.core.staff.models import Staff

ATTENDED = "attended"
"""What `said` is for somebody whom staff enter as having come."""


class AttendanceNotFound(errors.NotFound):
    """There is no such attendance, or it is of a member whom the staff do not see."""


class CannotAttend(errors.Refused):
    """It is not on, or the word was not said in a group."""


# Checks


def check_is_on(activity: Activity, moment: datetime) -> None:
    """Raise CannotAttend outside the time in which members can enter."""
    session = sessions.get(activity)
    values = {"time": time_texts.moment_text(activity, sessions.opens_at(session))}
    if moment < sessions.opens_at(session):
        raise CannotAttend(_("It has not started. You can enter at %(time)s.") % values)
    if moment >= session.ends_at:
        raise CannotAttend(_("The live session is over."))


def moment_of(attempt: Attempt) -> datetime:
    """When it was said, as far as that is known, else when it was received."""
    return attempt.said_at or attempt.at


# Verbs


def attend(attempt: Attempt, how: How) -> LiveAttendance:
    """Record that the person came, once; the kind has judged that they may.

    Points follow from the fact.
    """
    activity = attempt.activity
    own = find_own(activity, attempt.accounts)
    if own is not None:
        return own
    row, is_new = LiveAttendance.objects.get_or_create(
        activity=activity,
        account_id=attempt.account_id,
        defaults={
            "person_id": attempt.person_id,
            "how": how,
            "group_id": attempt.group_id,
            "at": moment_of(attempt),
            "by": attempt.by,
        },
    )
    if is_new:
        sessions.record(
            live_session_facts.LiveSessionAttended,
            activity,
            account=row.account_id,
            by=attempt.by,
            at=attempt.at,
            attendance=row.pk,
            how=how.value,
        )
    return row


def moment_of_list(activity: Activity, at: datetime) -> datetime:
    """A moment of the live session for names that are pasted at `at`, maybe afterwards.

    Raises CannotAttend before members can enter.
    """
    session = sessions.get(activity)
    if at < sessions.opens_at(session):
        text = _("It has not started. Paste names after %(time)s.")
        opens = time_texts.moment_text(activity, sessions.opens_at(session))
        raise CannotAttend(text % {"time": opens})
    end = min(filter(None, (session.ends_at, activity.closed_at)))
    return min(at, end - timedelta(microseconds=1))


@transaction.atomic
def undo(*, attendance: LiveAttendance, by: Staff, at: datetime) -> None:
    """Take back that somebody came who did not, with the points for it."""
    activities.check_may_run(by, attendance.activity)
    visibility.check_visible(by=by, accounts=[attendance.account_id], at=at)
    rows = LiveAttendance.objects.select_for_update(of=("self",))
    row = rows.filter(pk=attendance.pk).first()  # unique
    if row is None:
        raise AttendanceNotFound(_("There is no such attendance."))
    attendance_points.take_back(row, at=at)
    row.delete()
    sessions.record(
        live_session_facts.LiveSessionAttendanceUndone,
        attendance.activity,
        account=attendance.account_id,
        by=by,
        at=at,
        attendance=attendance.pk,
    )


# Reads


def _rows() -> models.QuerySet[LiveAttendance]:
    return LiveAttendance.objects.select_related("activity__community", "by")


def find_own(activity: Activity, accounts: Sequence[int]) -> LiveAttendance | None:
    rows = _rows().filter(activity=activity, account_id__in=accounts)
    return rows.order_by("at", "pk").first()


def list_visible(
    *, activity: Activity, by: Staff, at: datetime
) -> list[LiveAttendance]:
    """The attendance of members whom `by` sees, the earliest first."""
    activities.check_may_run(by, activity)
    rows = visibility.filter_rows(_rows().filter(activity=activity), by=by, at=at)
    return list(rows.order_by("at", "pk"))


def get(*, activity: Activity, pk: int, by: Staff, at: datetime) -> LiveAttendance:
    activities.check_may_run(by, activity)
    row = _rows().filter(activity=activity, pk=pk).first()  # unique
    if row is None or not visibility.filter_visible(
        by=by, accounts=[row.account_id], at=at
    ):
        raise AttendanceNotFound(_("There is no such attendance."))
    return row

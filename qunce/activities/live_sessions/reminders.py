"""Reminders of a live session, at each time that staff chose, to those who reserved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction

from qunce.activities import eligibility
from qunce.activities.activities import entries
from qunce.activities.activities.models import State as ActivityState
from qunce.activities.live_sessions import live_session_facts, sessions
from qunce.activities.live_sessions.models import LiveReservation, LiveSession, State
from qunce.members.accounts import queries as account_queries

MAX_MINUTES, MAX_PER_RUN = 30 * 24 * 60, 500


def find_due(
    settings: Mapping[str, Any], starts_at: datetime, at: datetime
) -> int | None:
    """The minutes of the latest reminder that is due before the start, None if none is."""
    if at >= starts_at:
        return None
    minutes = [row["minutes"] for row in settings["reminders"]]
    due = [each for each in minutes if starts_at - timedelta(minutes=each) <= at]
    return min(due, default=None)


def remind_due(*, at: datetime) -> int:
    """Remind those who reserved; returns how many.

    Of several that are due, as after an outage, the latest one is sent. Members who
    reserved after that moment have just read the time.
    """
    rows = LiveSession.objects.filter(
        starts_at__gt=at,
        starts_at__lte=at + timedelta(minutes=MAX_MINUTES),
        activity__state__in=[ActivityState.RUNNING, ActivityState.PAUSED],
    )
    count = 0
    for session in rows.select_related("activity__community").order_by(
        "starts_at", "pk"
    ):
        minutes = find_due(session.activity.settings, session.starts_at, at)
        if minutes is not None and count < MAX_PER_RUN:
            count += _remind(session, minutes, at, MAX_PER_RUN - count)
    return count


def _not_reminded(minutes: int) -> models.Q:
    return models.Q(reminded__isnull=True) | models.Q(reminded__gt=minutes)


def _remind(session: LiveSession, minutes: int, at: datetime, limit: int) -> int:
    activity, due = session.activity, session.starts_at - timedelta(minutes=minutes)
    rows = LiveReservation.objects.filter(
        _not_reminded(minutes), activity=activity, state=State.RESERVED, at__lt=due
    )
    found = list(rows.select_related("activity__community").order_by("pk")[:limit])
    accounts = [row.account_id for row in found]
    out = set(eligibility.find_uncounted(activity.community, accounts, at=at))
    out |= entries.find_struck_out(activity, accounts)
    persons = account_queries.person_ids(accounts)
    done = _find_reminded(session, minutes, persons)
    count = 0
    for row in found:
        person = persons[row.account_id]
        is_done = person in done or row.account_id in out
        done.add(person)
        count += _remind_one(row, minutes, at, is_silent=is_done)
    return count


def _find_reminded(
    session: LiveSession, minutes: int, persons: Mapping[int, int]
) -> set[int]:
    """The people who have this reminder, with another account of theirs."""
    by_person = account_queries.accounts_by_person(persons)
    others: Sequence[int] = [pk for own in by_person.values() for pk in own]
    rows = LiveReservation.objects.filter(
        activity=session.activity_id, account_id__in=others, reminded__lte=minutes
    )
    people = account_queries.person_ids(rows.values_list("account_id", flat=True))
    return set(people.values())


@transaction.atomic
def _remind_one(
    row: LiveReservation, minutes: int, at: datetime, *, is_silent: bool
) -> bool:
    # Somebody may have cancelled since it was read.
    rows = LiveReservation.objects.filter(
        _not_reminded(minutes), pk=row.pk, state=State.RESERVED
    )
    if not rows.update(reminded=minutes) or is_silent:
        return False
    sessions.record(
        live_session_facts.LiveSessionReminded,
        row.activity,
        account=row.account_id,
        by=None,
        at=at,
        reservation=row.pk,
        minutes=minutes,
    )
    return True

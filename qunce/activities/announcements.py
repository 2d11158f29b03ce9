"""Texts for the groups of an activity: before, at the start, as a last call, the result."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models, transaction

from qunce.activities.activities import activities, activity_facts
from qunce.activities.activities.models import (
    Activity,
    Announcement,
    GroupLine,
    State,
)
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group

LINE_PAUSE = timedelta(minutes=10)
"""How often a group reads that its messages are being counted."""
LATE = timedelta(hours=2)
"""A text that is this late says something that is not true any more."""
MAX_PER_RUN = 200
Moment = Announcement.Moment
STATES = {
    Moment.BEFORE: (State.SCHEDULED,),
    Moment.START: (State.RUNNING,),
    Moment.LAST_CALL: (State.RUNNING,),
    Moment.RESULT: (State.SETTLED, State.REVIEWED),
}


def due_at(announcement: Announcement) -> datetime | None:
    """When a text is due, None if that is not known yet."""
    activity, ahead = announcement.activity, timedelta(minutes=announcement.minutes)
    if announcement.moment == Moment.BEFORE:
        return activity.starts_at - ahead
    if announcement.moment == Moment.START:
        return activity.started_at
    if announcement.moment == Moment.LAST_CALL:
        return activity.ends_at - ahead if activity.ends_at else None
    return activity.settled_at


def announce_due(*, at: datetime) -> int:
    """Announce what is due, each text once; returns how many."""
    rows = Announcement.objects.filter(posted_at__isnull=True)
    fitting = models.Q(pk__in=[])
    for moment, states in STATES.items():
        fitting |= models.Q(moment=moment, activity__state__in=states)
    waiting = rows.filter(fitting).select_related("activity__community")
    announced = 0
    for row in waiting.order_by("pk")[:MAX_PER_RUN]:
        moment_due = due_at(row)
        if moment_due is not None and moment_due <= at <= moment_due + LATE:
            announced += announce(announcement=row, by=None, at=at)
    return announced


@transaction.atomic
def announce(*, announcement: Announcement, by: Staff | None, at: datetime) -> bool:
    """Announce a text now; returns false if it was announced before."""
    if by is not None:
        activities.check_may_run(by, announcement.activity)
    rows = Announcement.objects.filter(pk=announcement.pk, posted_at__isnull=True)
    if not rows.update(posted_at=at):
        return False
    fact = activity_facts.ActivityAnnounced(
        activity=announcement.activity_id, announcement=announcement.pk
    )
    activities.record(fact, announcement.activity, by, at)
    return True


def note_fact(announcement: Announcement, fact: int) -> None:
    """Note the fact from which the messages to the groups follow."""
    Announcement.objects.filter(pk=announcement.pk).update(fact_id=fact)


def list_groups(activity: Activity) -> list[Group]:
    """The groups that its texts are for: none for an activity of the whole community."""
    return list(activity.groups.select_related("owner").order_by("key"))


def claim_group_line(*, activity: Activity | None, group: int, at: datetime) -> bool:
    """Whether a group may read now that its members are answered: once in LINE_PAUSE.

    Without an activity for what members ask about their own prizes and points.
    """
    _row, is_new = GroupLine.objects.get_or_create(
        activity=activity, group_id=group, defaults={"at": at}
    )
    if is_new:
        return True
    rows = GroupLine.objects.filter(
        activity=activity, group_id=group, at__lte=at - LINE_PAUSE
    )
    return bool(rows.update(at=at))

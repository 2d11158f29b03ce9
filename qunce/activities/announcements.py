"""Texts for the groups of an activity: before, at the start, as a last call, the result."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import models, transaction
from django.utils.translation import gettext as _

from qunce.activities.activities import activities, activity_facts
from qunce.activities.activities.models import (
    Activity,
    Announcement,
    GroupLine,
    State,
)
from qunce.core import errors
from qunce.core.staff.models import Staff
from qunce.groups import visibility as group_visibility
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


class NotAnnounced(errors.Refused):
    """The text was not announced before, or not for these groups."""


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


@transaction.atomic
def announce_again(
    *, announcement: Announcement, groups: Sequence[int], by: Staff, at: datetime
) -> None:
    """Announce a text again in groups of the activity where it was not posted.

    Where a channel cannot post, `by` gets it as a task instead of whoever had it.
    """
    activity = announcement.activity
    activities.check_may_run(by, activity)
    if announcement.posted_at is None:
        raise NotAnnounced(_("This text was not posted yet. Post it first."))
    group_visibility.check(by=by, groups=groups)
    own = {group.pk for group in list_groups(activity)}
    if not groups or not own.issuperset(groups):
        raise NotAnnounced(_("Choose groups of the activity."))
    fact = activity_facts.ActivityAnnouncedAgain(
        activity=activity.pk, announcement=announcement.pk, groups=sorted(set(groups))
    )
    activities.record(fact, activity, by, at)


@transaction.atomic
def note_fact(announcement: Announcement, fact: int) -> None:
    """Note a fact from which messages to the groups follow."""
    row = Announcement.objects.select_for_update(of=("self",)).get(pk=announcement.pk)
    if fact not in row.fact_ids:
        row.fact_ids = [*row.fact_ids, fact]
        row.save(update_fields=["fact_ids"])
    announcement.fact_ids = row.fact_ids


def list_groups(activity: Activity) -> list[Group]:
    """The groups that its texts are for, those of the community if it names none."""
    rows = activity.groups.all()
    if not rows.exists():
        rows = Group.objects.filter(community=activity.community_id)
    return list(rows.exclude(state="dead").select_related("owner").order_by("key"))


def list_posts(activity: Activity) -> list[tuple[list[int], list[int]]]:
    """The texts that were announced, each as its facts and the groups it is for."""
    groups = [group.pk for group in list_groups(activity)]
    rows = activity.announcements.filter(posted_at__isnull=False).order_by("pk")
    return [(row.fact_ids, groups) for row in rows]


def claim_group_line(*, activity: Activity | None, group: int, at: datetime) -> bool:
    """Claim the line in a group that its members are answered: one per LINE_PAUSE.

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

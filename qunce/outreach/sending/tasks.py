"""Staff tasks: a person's share of a campaign, and how far they are.

A task without a person is the channel's own share: a program sends it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _

from qunce.core import errors, permissions, timestamps
from qunce.core.staff.models import Staff
from qunce.outreach.campaigns import campaigns
from qunce.outreach.campaigns.campaigns import OVERSEE, Campaign
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap


class Task(models.Model):
    """`rest` are those of its share without a row yet, `waiting` how many they are.

    `finished_at` is set as long as nothing is left to do.
    """

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="tasks")
    staff = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="tasks")
    rest = models.BinaryField()
    waiting = models.PositiveIntegerField()
    due_at = timestamps.TimestampField(null=True)
    created_at = timestamps.TimestampField()
    finished_at = timestamps.TimestampField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "staff"], name="one_task_per_staff"
            )
        ]
        indexes = [
            models.Index(fields=["staff", "finished_at"], name="tasks_to_do"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign} / {self.staff or self.campaign.channel}"

    def keep(self, rest: BitMap) -> None:
        """Write who is left; under the row's lock."""
        self.rest, self.waiting = bitmaps.to_bytes(rest), len(rest)
        self.save(update_fields=["rest", "waiting"])

    def is_late(self, at: datetime) -> bool:
        end = self.finished_at or at
        return self.due_at is not None and end > self.due_at


class UnknownTask(errors.NotFound):
    """There is no such task, or it is somebody else's."""


class NotYours(errors.Refused):
    """A task is done by whom it is given to."""


def check_own(task: Task, by: Staff) -> None:
    """Only who has the task marks its rows: a mark says “I sent it”."""
    permissions.check_may(by, campaigns.TAKE_PART)
    if task.staff_id != by.pk:
        raise NotYours(_("This task belongs to %(name)s.") % {"name": task.staff})


def may_do(task: Task, by: Staff) -> bool:
    return task.staff_id == by.pk and permissions.may(by, campaigns.TAKE_PART)


# Reads

OPEN = ("sending", "paused")


def visible(by: Staff) -> models.QuerySet[Task]:
    """One's own; those of others in campaigns that one may oversee."""
    rows = Task.objects.filter(staff__isnull=False).defer("rest")
    mine = Q(staff=by, campaign__community=by.community)
    if permissions.may(by, OVERSEE):
        mine |= Q(campaign__in=campaigns.visible(by).values("pk"))
    return rows.filter(mine).select_related(
        "campaign__community", "campaign__by", "staff"
    )


def get(*, by: Staff, pk: int) -> Task:
    try:
        return visible(by).get(pk=pk)
    except Task.DoesNotExist:
        raise UnknownTask(_("There is no such task.")) from None


def in_order(rows: models.QuerySet[Task]) -> models.QuerySet[Task]:
    """What is due first comes first; what has no time comes last."""
    return rows.order_by(F("due_at").asc(nulls_last=True), "pk")


def open_for(staff: Staff, at: datetime) -> list[Task]:
    """What this person has to do now: for Today."""
    rows = visible(staff).filter(
        staff=staff, finished_at__isnull=True, campaign__state="sending"
    )
    return list(in_order(rows))


def late_of_others(by: Staff, at: datetime) -> list[Task]:
    """Tasks of others that are past their time, for who oversees them."""
    rows = (
        visible(by)
        .exclude(staff=by)
        .filter(
            finished_at__isnull=True,
            campaign__state="sending",
            due_at__lt=timestamps.to_micros(at),
        )
    )
    return list(in_order(rows))

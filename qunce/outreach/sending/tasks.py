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
from qunce.outreach.campaigns.campaigns import OVERSEE_TASKS, Campaign
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap


class Task(models.Model):
    """`rest` are those of its share without a row yet, `waiting` how many they are.

    `finished_at` is set as long as nothing is left to do.
    """

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="tasks")
    staff = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="tasks")
    unclaimed = models.BinaryField()
    unclaimed_count = models.PositiveIntegerField()
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

    def set_unclaimed(self, unclaimed: BitMap) -> None:
        """Write who is left; under the row's lock."""
        self.unclaimed, self.unclaimed_count = (
            bitmaps.to_bytes(unclaimed),
            len(unclaimed),
        )
        self.save(update_fields=["unclaimed", "unclaimed_count"])

    def is_late(self, at: datetime) -> bool:
        end = self.finished_at or at
        return self.due_at is not None and end > self.due_at


class TaskNotFound(errors.NotFound):
    """There is no such task, or it is somebody else's."""


class TaskNotOwn(errors.Refused):
    """A task is done by whom it is given to."""


def check_own(task: Task, by: Staff) -> None:
    """Only who has the task marks its rows: a mark says “I sent it”."""
    permissions.check_may(by, campaigns.DO_TASKS)
    if task.staff_id != by.pk:
        raise TaskNotOwn(_("This task belongs to %(name)s.") % {"name": task.staff})


def may_do(task: Task, by: Staff) -> bool:
    return task.staff_id == by.pk and permissions.may(by, campaigns.DO_TASKS)


# Reads

OPEN_CAMPAIGN_STATES = ("sending", "paused")


def list_visible(by: Staff) -> models.QuerySet[Task]:
    """One's own; those of others in campaigns that one may oversee."""
    rows = Task.objects.filter(staff__isnull=False).defer("unclaimed")
    mine = Q(staff=by, campaign__community=by.community)
    if permissions.may(by, OVERSEE_TASKS):
        mine |= Q(campaign__in=campaigns.list_visible(by).values("pk"))
    return rows.filter(mine).select_related(
        "campaign__community", "campaign__by", "staff"
    )


def get(*, by: Staff, pk: int) -> Task:
    try:
        return list_visible(by).get(pk=pk)
    except Task.DoesNotExist:
        raise TaskNotFound(_("There is no such task.")) from None


def by_due_time(rows: models.QuerySet[Task]) -> models.QuerySet[Task]:
    """What is due first comes first; what has no time comes last."""
    return rows.order_by(F("due_at").asc(nulls_last=True), "pk")


def list_open(staff: Staff, at: datetime) -> list[Task]:
    """What this person has to do now: for Today."""
    rows = list_visible(staff).filter(
        staff=staff, finished_at__isnull=True, campaign__state="sending"
    )
    return list(by_due_time(rows))


def list_late_of_others(by: Staff, at: datetime) -> list[Task]:
    """Tasks of others that are past their time, for who oversees them."""
    rows = (
        list_visible(by)
        .exclude(staff=by)
        .filter(
            finished_at__isnull=True,
            campaign__state="sending",
            due_at__lt=timestamps.to_micros(at),
        )
    )
    return list(by_due_time(rows))

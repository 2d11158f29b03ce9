"""Staff tasks: the share of a campaign that one staff member sends.

A task without a staff member is the share of a channel that needs no person.
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

OPEN_CAMPAIGN_STATES = ("sending", "paused")


class Task(models.Model):
    """`unclaimed` is the bitmap of its targets without a row yet.

    `finished_at` is set while nothing is left to do.
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
        """Store the targets without a row. The caller must hold the lock of this row."""
        self.unclaimed = bitmaps.to_bytes(unclaimed)
        self.unclaimed_count = len(unclaimed)
        self.save(update_fields=["unclaimed", "unclaimed_count"])

    def is_late(self, at: datetime) -> bool:
        end = self.finished_at or at
        return self.due_at is not None and end > self.due_at


class TaskNotFound(errors.NotFound):
    """The task does not exist, or belongs to somebody else."""


class TaskNotOwn(errors.Refused):
    """The task is assigned to somebody else."""


# Checks


def check_own(task: Task, by: Staff) -> None:
    """Raise TaskNotOwn unless `by` has the task; managers may not mark for others."""
    permissions.check_may(by, campaigns.DO_TASKS)
    check_visible(task, by)
    if task.staff_id != by.pk:
        raise TaskNotOwn(_("This task belongs to %(name)s.") % {"name": task.staff})


def check_visible(task: Task, by: Staff) -> None:
    """Raise TaskNotFound for a task of somebody else that `by` does not oversee."""
    campaign = task.campaign
    is_own = task.staff_id == by.pk
    if is_own and campaign.community_id == by.community_id:
        return
    if permissions.may(by, OVERSEE_TASKS):
        try:
            return campaigns.check_visible(campaign, by)
        except campaigns.CampaignNotFound:
            pass
    raise TaskNotFound(_("There is no such task."))


def may_do(task: Task, by: Staff) -> bool:
    return task.staff_id == by.pk and permissions.may(by, campaigns.DO_TASKS)


# Reads


def list_visible(by: Staff) -> models.QuerySet[Task]:
    """The tasks of `by`, and those of others in campaigns that they may oversee."""
    rows = Task.objects.filter(staff__isnull=False).defer("unclaimed")
    visible = Q(staff=by, campaign__community=by.community)
    if permissions.may(by, OVERSEE_TASKS):
        visible |= Q(campaign__in=campaigns.list_visible(by).values("pk"))
    return rows.filter(visible).select_related(
        "campaign__community", "campaign__by", "staff"
    )


def get(*, by: Staff, pk: int) -> Task:
    try:
        return list_visible(by).get(pk=pk)
    except Task.DoesNotExist:
        raise TaskNotFound(_("There is no such task.")) from None


def by_due_time(rows: models.QuerySet[Task]) -> models.QuerySet[Task]:
    """Earliest due time first, tasks without one last."""
    return rows.order_by(F("due_at").asc(nulls_last=True), "pk")


def list_open(staff: Staff, at: datetime) -> list[Task]:
    """Unfinished tasks of a staff member in campaigns that are sending."""
    rows = list_visible(staff).filter(
        staff=staff, finished_at__isnull=True, campaign__state="sending"
    )
    return list(by_due_time(rows))


def list_late_of_others(by: Staff, at: datetime) -> list[Task]:
    """Unfinished tasks of other staff that are past their due time."""
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

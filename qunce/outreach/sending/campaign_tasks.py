"""Staff tasks: the share of a campaign that one staff member sends.

A task without a staff member is the share of a channel that needs no person. The messages
of a task are those of its campaign and staff member in the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _

from qunce.core import errors, permissions, timestamps
from qunce.core.communities import Community
from qunce.core.facts.facts import RecordedFact
from qunce.core.staff.models import Staff
from qunce.outreach import task_permissions
from qunce.outreach.campaigns import campaigns
from qunce.outreach.campaigns.campaigns import Campaign, Target
from qunce.outreach.sending import ledger
from qunce.outreach.sending.ledger import Message, Origin, State
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

OPEN_CAMPAIGN_STATES = ("sending", "paused")


class CampaignTask(models.Model):
    """`unclaimed` is the bitmap of its targets without a row yet.

    `finished_at` is set while nothing is left to do. `cancelled_count` targets
    had no row yet when the campaign was cancelled. `rate_used` messages were sent in the
    minute `rate_minute` since the start.
    """

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="tasks")
    staff = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="tasks")
    unclaimed = models.BinaryField()
    unclaimed_count = models.PositiveIntegerField()
    cancelled_count = models.PositiveIntegerField(default=0)
    rate_minute = models.IntegerField(default=-1)
    rate_used = models.PositiveIntegerField(default=0)
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


class CampaignTaskNotFound(errors.NotFound):
    """The task does not exist, or belongs to somebody else."""


class CampaignTaskNotOwn(errors.Refused):
    """The task is assigned to somebody else."""


# Checks


def check_own(task: CampaignTask, by: Staff) -> None:
    """Raise CampaignTaskNotOwn unless `by` has the task; managers may not mark for others."""
    permissions.check_may(by, task_permissions.DO_TASKS)
    check_visible(task, by)
    if task.staff_id != by.pk:
        raise CampaignTaskNotOwn(
            _("This task belongs to %(name)s.") % {"name": task.staff}
        )


def check_visible(task: CampaignTask, by: Staff) -> None:
    """Raise CampaignTaskNotFound for a task of somebody else that `by` does not oversee."""
    campaign = task.campaign
    is_own = task.staff_id == by.pk
    if is_own and campaign.community_id == by.community_id:
        return
    if permissions.may(by, task_permissions.OVERSEE_TASKS):
        try:
            return campaigns.check_visible(campaign, by)
        except campaigns.CampaignNotFound:
            pass
    raise CampaignTaskNotFound(_("There is no such task."))


def may_do(task: CampaignTask, by: Staff) -> bool:
    return task.staff_id == by.pk and permissions.may(by, task_permissions.DO_TASKS)


# Verbs


def delete_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `member.erased`: delete the messages to these members."""
    delete_for_accounts(
        community, [fact.account for fact in facts if fact.account is not None]
    )


def delete_for_accounts(community: Community, accounts: Iterable[int]) -> None:
    """Delete the messages to accounts, and remove them from all unclaimed targets."""
    account_ids = sorted(accounts)
    ledger.delete_for_accounts(community, account_ids)
    tasks = CampaignTask.objects.select_for_update(of=("self",)).filter(
        unclaimed_count__gt=0,
        campaign__community=community,
        campaign__target=Target.MEMBERS,
    )
    for task in tasks.order_by("pk"):
        remaining = bitmaps.from_bytes(task.unclaimed) - bitmaps.of(account_ids)
        if len(remaining) < task.unclaimed_count:
            task.set_unclaimed(remaining)


# Reads


def list_messages(task: CampaignTask) -> models.QuerySet[Message]:
    return ledger.list_of(Origin.CAMPAIGN, task.campaign_id).filter(
        # Without a staff member, those of the channel.
        **{"staff_id": task.staff_id}
    )


def list_open_messages(task: CampaignTask) -> models.QuerySet[Message]:
    return list_messages(task).filter(state=State.PLANNED)


def list_visible(by: Staff) -> models.QuerySet[CampaignTask]:
    """The tasks of `by`, and those of others in campaigns that they may oversee."""
    rows = CampaignTask.objects.filter(staff__isnull=False).defer("unclaimed")
    visible = Q(staff=by, campaign__community=by.community)
    if permissions.may(by, task_permissions.OVERSEE_TASKS):
        visible |= Q(campaign__in=campaigns.list_visible(by).values("pk"))
    return rows.filter(visible).select_related(
        "campaign__community", "campaign__by", "staff"
    )


def get(*, by: Staff, pk: int) -> CampaignTask:
    try:
        return list_visible(by).get(pk=pk)
    except CampaignTask.DoesNotExist:
        raise CampaignTaskNotFound(_("There is no such task.")) from None


def by_due_time(rows: models.QuerySet[CampaignTask]) -> models.QuerySet[CampaignTask]:
    """Earliest due time first, tasks without one last."""
    return rows.order_by(F("due_at").asc(nulls_last=True), "pk")


def list_open(staff: Staff, at: datetime) -> list[CampaignTask]:
    """Unfinished tasks of a staff member in campaigns that are sending."""
    rows = list_visible(staff).filter(
        staff=staff, finished_at__isnull=True, campaign__state="sending"
    )
    return list(by_due_time(rows))


def list_late_of_others(by: Staff, at: datetime) -> list[CampaignTask]:
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

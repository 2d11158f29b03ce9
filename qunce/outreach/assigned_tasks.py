"""What staff were asked to do, for their numbers: shares of campaigns, and other tasks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, QuerySet

from qunce.core import timestamps
from qunce.insight.staff_performance import tasks
from qunce.insight.staff_performance.tasks import AssignedTask, Ending, Window
from qunce.outreach import task_permissions
from qunce.outreach.campaigns import campaigns
from qunce.outreach.sending import campaign_tasks
from qunce.outreach.sending.campaign_tasks import CampaignTask
from qunce.outreach.sending.ledger import REACHED, Message, Origin
from qunce.outreach.tasks import staff_tasks
from qunce.outreach.tasks.kinds import base
from qunce.outreach.tasks.staff_tasks import StaffTask, State, TaskTarget

if TYPE_CHECKING:
    from typing import Any

    from qunce.core.staff.models import Staff

CAMPAIGN, OTHER = "campaign", "staff_task"


@tasks.register(CAMPAIGN, oversee=task_permissions.OVERSEE_TASKS)
def list_campaign_tasks(
    by: Staff, window: Window, at: datetime
) -> Iterator[AssignedTask]:
    """Shares of campaigns; one is done if at least one of its messages was sent."""
    reached = Message.objects.filter(
        origin=Origin.CAMPAIGN,
        origin_id=OuterRef("campaign_id"),
        staff_id=OuterRef("staff_id"),
        state__in=REACHED,
    )
    rows = _assigned(campaign_tasks.list_visible(by), window)
    for task in rows.annotate(has_reached=Exists(reached)).order_by("pk"):
        yield AssignedTask(
            kind=CAMPAIGN,
            pk=task.pk,
            title=task.campaign.name,
            staff=task.staff_id or 0,
            ending=_ending_of_share(task, task.has_reached, at),
            assigned_at=task.created_at,
            due_at=task.due_at,
            finished_at=task.finished_at,
        )


def _assigned(rows: QuerySet[Any], window: Window) -> QuerySet[Any]:
    return rows.filter(
        created_at__gte=timestamps.to_micros(window.begin),
        created_at__lt=timestamps.to_micros(window.end),
    )


def _ending_of_share(task: CampaignTask, has_reached: bool, at: datetime) -> Ending:
    if task.finished_at is None:
        return _ending_of_open(task, at)
    campaign = task.campaign
    # Cancelling a campaign finishes the tasks that were not finished yet.
    if (
        campaign.state == campaigns.State.CANCELLED
        and campaign.finished_at is not None
        and task.finished_at >= campaign.finished_at
    ):
        return Ending.CANCELLED
    return Ending.DONE if has_reached else Ending.COULD_NOT


def _ending_of_open(task: CampaignTask | StaffTask, at: datetime) -> Ending:
    return Ending.OVERDUE if task.is_late(at) else Ending.OPEN


@tasks.register(OTHER, oversee=task_permissions.OVERSEE_TASKS)
def list_staff_tasks(by: Staff, window: Window, at: datetime) -> Iterator[AssignedTask]:
    """Other tasks; one could not be done if none of its members could be reached."""
    others = TaskTarget.objects.filter(task=OuterRef("pk"))
    rows = _assigned(staff_tasks.list_visible(by), window).annotate(
        has_targets=Exists(others),
        has_reached=Exists(others.exclude(outcome=base.CANNOT.key)),
    )
    for task in rows.order_by("pk"):
        yield AssignedTask(
            kind=OTHER,
            pk=task.pk,
            title=task.request.title,
            staff=task.staff_id,
            ending=_ending_of_task(task, at),
            assigned_at=task.created_at,
            due_at=task.due_at,
            finished_at=task.finished_at,
        )


def _ending_of_task(task: Any, at: datetime) -> Ending:
    if task.state == State.CANCELLED:
        return Ending.CANCELLED
    if task.state == State.OPEN:
        return _ending_of_open(task, at)
    nobody = task.has_targets and not task.has_reached
    return Ending.COULD_NOT if nobody else Ending.DONE

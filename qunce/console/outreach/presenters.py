"""Rows of campaigns, tasks and recipients as pages and files show them."""

from __future__ import annotations

import io
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import ngettext

from qunce.console import http
from qunce.console.outreach import labels
from qunce.core import csv_safety
from qunce.outreach.campaigns import portrait_subjects, results
from qunce.outreach.campaigns.campaigns import Campaign, Target
from qunce.outreach.sending.campaign_tasks import CampaignTask
from qunce.outreach.tasks import left_texts

STARTED_STATES = ("sending", "paused", "done", "cancelled")


@dataclass(frozen=True)
class CampaignRow:
    campaign: Campaign
    chip: labels.Chip
    progress: results.Progress | None


def campaign_rows(campaigns: list[Campaign]) -> list[CampaignRow]:
    started = [
        campaign
        for campaign in campaigns
        if campaign.state in STARTED_STATES and campaign.started_at
    ]
    progress = results.progress_by_campaign(started)
    return [
        CampaignRow(campaign, labels.campaign_chip(campaign), progress.get(campaign.pk))
        for campaign in campaigns
    ]


@dataclass(frozen=True)
class TaskRow:
    """`reminder` is a message to the staff member of a late task, else empty."""

    task: CampaignTask
    progress: results.Progress
    chip: labels.Chip
    is_late: bool
    reminder: str


def task_rows(request: http.Request, tasks: list[CampaignTask]) -> list[TaskRow]:
    progress = results.progress_by_task(tasks)
    return [
        TaskRow(
            task,
            progress[task.pk],
            labels.campaign_chip(task.campaign),
            task.is_late(request.at),
            reminder(request, task, progress[task.pk].left),
        )
        for task in tasks
    ]


def reminder(request: http.Request, task: CampaignTask, left: int) -> str:
    """The reminder that a manager copies into the chat with the owner of a late task."""
    if not (left and task.staff and task.is_late(request.at)):
        return ""
    if task.staff_id == request.staff.pk:
        return ""
    with translation.override(task.staff.language):
        text = ngettext(
            "%(name)s, “%(campaign)s” has %(n)s message left and was due %(time)s. "
            "Please send it today: %(url)s",
            "%(name)s, “%(campaign)s” has %(n)s messages left and was due %(time)s. "
            "Please send them today: %(url)s",
            left,
        )
    return text % {
        "name": task.staff.name,
        "campaign": task.campaign.name,
        "n": f"{left:,}",
        "time": f"{timezone.localtime(task.due_at):%Y-%m-%d %H:%M}",
        "url": request.build_absolute_uri(
            reverse("outreach:task-detail", args=[task.pk])
        ),
    }


@dataclass(frozen=True)
class StaffShare:
    """The progress of one staff member on the page of a campaign."""

    task: CampaignTask
    progress: results.Progress
    late: bool
    reminder: str


def staff_shares(request: http.Request, campaign: Campaign) -> list[StaffShare]:
    return [
        StaffShare(
            line.task,
            line.progress,
            line.late,
            reminder(request, line.task, line.progress.left),
        )
        for line in results.list_task_progress(campaign, request.at)
    ]


def left_line(campaign: Campaign, shares: list[StaffShare]) -> str:
    """The staff who have not sent, such as “7 groups left: 4 Wang, 3 Li”."""
    if campaign.state != "sending":
        return ""
    left = [
        (share.task.staff.name, share.progress.left)
        for share in shares
        if share.task.staff
    ]
    return left_texts.describe(left, in_groups=campaign.target == Target.GROUPS)


def left_reminder(campaign: Campaign, shares: list[StaffShare]) -> str:
    """The reminder for all of them, to copy into the staff's chat."""
    left = [
        (share.task.staff.name, share.progress.left)
        for share in shares
        if share.task.staff
    ]
    due = (
        f"{timezone.localtime(campaign.due_at):%m-%d %H:%M}" if campaign.due_at else ""
    )
    in_groups = campaign.target == Target.GROUPS
    return left_texts.reminder(left, title=campaign.name, due=due, in_groups=in_groups)


def csv_line(cells: list[str]) -> bytes:
    text = io.StringIO()
    csv_safety.write_rows(text, [cells])
    return text.getvalue().encode("utf-8", "replace")


def list_portraits(campaign: Campaign) -> list[tuple[str, str]]:
    """Addresses of the portraits of those whom a campaign took somewhere, with labels."""
    page = reverse("insight:portrait")
    return [
        (f"{page}?{urlencode({'of': text})}", label)
        for text, label in portrait_subjects.list_parts(campaign)
    ]

"""Rows of campaigns, tasks and recipients as pages and files show them."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from qunce.console import http
from qunce.console.outreach import labels
from qunce.core.csv_safety import csv_safe
from qunce.outreach.campaigns import results
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.sending.tasks import Task

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
    task: Task
    progress: results.Progress
    chip: labels.Chip
    is_late: bool


def task_rows(request: http.Request, tasks: list[Task]) -> list[TaskRow]:
    progress = results.progress_by_task(tasks)
    return [
        TaskRow(
            task,
            progress[task.pk],
            labels.campaign_chip(task.campaign),
            task.is_late(request.at),
        )
        for task in tasks
    ]


def csv_line(cells: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow([csv_safe(cell) for cell in cells])
    return text.getvalue().encode("utf-8", "replace")

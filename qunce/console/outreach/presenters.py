"""Rows of campaigns, tasks and recipients as their pages show them."""

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


def campaign_rows(some: list[Campaign]) -> list[CampaignRow]:
    begun = [one for one in some if one.state in STARTED_STATES and one.started_at]
    far = results.progress_by_campaign(begun)
    return [
        CampaignRow(one, labels.campaign_chip(one), far.get(one.pk)) for one in some
    ]


@dataclass(frozen=True)
class TaskRow:
    task: Task
    progress: results.Progress
    chip: labels.Chip
    late: bool


def task_rows(request: http.Request, some: list[Task]) -> list[TaskRow]:
    far = results.progress_by_task(some)
    return [
        TaskRow(
            task,
            far[task.pk],
            labels.campaign_chip(task.campaign),
            task.is_late(request.at),
        )
        for task in some
    ]


def csv_line(cells: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow([csv_safe(cell) for cell in cells])
    return text.getvalue().encode("utf-8", "replace")

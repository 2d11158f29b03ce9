"""Tasks of every kind in one list: shares of campaigns, and what else is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from qunce.console import http
from qunce.console.outreach import presenters as campaign_presenters
from qunce.console.outreach.labels import Chip
from qunce.console.tasks import presenters
from qunce.core.staff.models import Staff
from qunce.outreach.sending import campaign_tasks
from qunce.outreach.tasks import left_texts, staff_tasks
from qunce.outreach.tasks.staff_tasks import State

CAMPAIGN, OTHER = "campaign", "other"
MAX_TASKS = 20_000
TaskId = tuple[str, int]


@dataclass(frozen=True)
class TaskRow:
    url: str
    title: str
    kind: str
    staff: str
    done: int
    total: int
    left: int
    due_at: datetime | None
    chip: Chip
    is_late: bool
    is_finished: bool
    reminder: str = ""


@dataclass(frozen=True)
class Found:
    ids: list[TaskId]
    late: int


def list_tasks(staff: Staff, at: datetime, *, of_all: bool, finished: bool) -> Found:
    """Open tasks by due time, those without one last; finished ones newest first."""
    shares: QuerySet[Any] = campaign_tasks.list_visible(staff)
    shares = shares.filter(finished_at__isnull=not finished)
    others: QuerySet[Any] = staff_tasks.list_visible(staff)
    others = (
        others.exclude(state=State.OPEN)
        if finished
        else others.filter(state=State.OPEN)
    )
    found = []
    for kind, rows in ((CAMPAIGN, shares), (OTHER, others)):
        own = rows if of_all else rows.filter(staff=staff)
        column = "finished_at" if finished else "due_at"
        times = own.order_by("-pk").values_list(column, "pk")[:MAX_TASKS]
        found += [(time, kind, pk) for time, pk in times]
    late = (
        0 if finished else sum(bool(time and time < at) for time, _kind, _pk in found)
    )
    ordered = sorted(
        found,
        key=lambda row: (row[0] is None, row[0].timestamp() if row[0] else 0, row[2]),
        reverse=finished,
    )
    return Found([(kind, pk) for _time, kind, pk in ordered], late)


def load(request: http.Request, ids: Sequence[TaskId]) -> list[TaskRow]:
    by = request.staff
    shares = campaign_tasks.list_visible(by).filter(
        pk__in=[pk for kind, pk in ids if kind == CAMPAIGN]
    )
    others = staff_tasks.list_visible(by).filter(
        pk__in=[pk for kind, pk in ids if kind == OTHER]
    )
    rows = {
        (CAMPAIGN, row.task.pk): _of_campaign(row)
        for row in campaign_presenters.task_rows(request, list(shares))
    } | {
        (OTHER, line.task.pk): _other(request, line)
        for line in presenters.task_lines(request, list(others))
    }
    return [rows[key] for key in ids if key in rows]


def _of_campaign(row: campaign_presenters.TaskRow) -> TaskRow:
    task = row.task
    return TaskRow(
        url=reverse("outreach:task-detail", args=[task.pk]),
        title=task.campaign.name,
        kind="",
        staff=str(task.staff),
        done=row.progress.done,
        total=row.progress.total,
        left=row.progress.left,
        due_at=task.due_at,
        chip=row.chip,
        is_late=row.is_late,
        is_finished=task.finished_at is not None,
        reminder=row.reminder,
    )


def _other(request: http.Request, line: presenters.TaskLine) -> TaskRow:
    task = line.task
    is_others = task.staff_id != request.staff.pk
    due = presenters.due_text(task.due_at)
    left = [(task.staff.name, line.left)]
    return TaskRow(
        url=reverse("tasks:task-detail", args=[task.pk]),
        title=task.request.title,
        kind=str(task.request.task_kind.label),
        staff=task.staff.name,
        done=line.done,
        total=line.total,
        left=line.left,
        due_at=task.due_at,
        chip=line.chip,
        is_late=line.is_late,
        is_finished=task.state == State.DONE,
        reminder=left_texts.reminder(left, title=task.request.title, due=due)
        if line.is_late and is_others
        else "",
    )

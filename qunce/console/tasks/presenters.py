"""Requests and staff tasks as pages show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from qunce.console import http
from qunce.console.outreach import contact_rows, labels
from qunce.console.outreach.contact_rows import Contact
from qunce.console.outreach.labels import Chip
from qunce.core import label_texts, money, permissions
from qunce.core.staff.models import Staff
from qunce.members.accounts import masking
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.people import visibility
from qunce.outreach.campaigns import campaigns
from qunce.outreach.tasks import invitations, left_texts, staff_tasks
from qunce.outreach.tasks.kinds import base
from qunce.outreach.tasks.staff_tasks import (
    StaffTask,
    State,
    TaskRequest,
    TaskTarget,
)

CHIPS = {
    State.OPEN: ("info", "clock"),
    State.DONE: ("good", "check"),
    State.CANCELLED: ("", "no-symbol"),
}
MAX_ROWS = 60
"""Members of a task on a page; the next come when these are done."""


def chip(state: str) -> Chip:
    return Chip(str(State(state).label), *CHIPS[State(state)])


@dataclass(frozen=True)
class TaskLine:
    """One staff member's part; `done` of `total` members have a result."""

    task: StaffTask
    chip: Chip
    done: int
    total: int
    is_late: bool
    result: Sequence[tuple[str, str]]

    @property
    def left(self) -> int:
        """What is missing: members, or the task itself where it has none."""
        if self.task.state != State.OPEN:
            return 0
        return self.total - self.done if self.total else 1


def task_lines(request: http.Request, tasks: Sequence[StaffTask]) -> list[TaskLine]:
    rows = TaskTarget.objects.filter(task__in=[task.pk for task in tasks])
    counted = rows.values("task_id").annotate(
        total=Count("pk"), done=Count("pk", filter=~Q(outcome=""))
    )
    sizes = {row["task_id"]: (row["done"], row["total"]) for row in counted}
    return [
        TaskLine(
            task,
            chip(task.state),
            *sizes.get(task.pk, (0, 0)),
            task.is_late(request.at),
            result_rows(task),
        )
        for task in tasks
    ]


def result_rows(task: StaffTask) -> list[tuple[str, str]]:
    """Label and value of the fields of a result."""
    currency = task.request.community.currency
    shown = []
    for field in task.request.task_kind.fields:
        value = task.result.get(field.name)
        if value is None:
            continue
        if field.type == base.AMOUNT:
            text = money.format_with_currency(int(value), currency)
        elif field.type == base.NUMBER:
            text = f"{value:,}"
        else:
            text = str(value)
        shown.append((str(field.label), text))
    return shown


@dataclass(frozen=True)
class RequestRow:
    """`left` is who has not finished, `reminder` the reminder for all of them."""

    request: TaskRequest
    chip: Chip
    lines: Sequence[TaskLine]
    left: str
    reminder: str
    joined: int | None

    @property
    def is_late(self) -> bool:
        return any(line.is_late for line in self.lines if line.left)


def request_row(request: http.Request, row: TaskRequest) -> RequestRow:
    tasks = row.tasks.select_related("staff", "request__community", "proof")
    lines = task_lines(request, list(tasks.order_by("staff__name", "pk")))
    left = [(line.task.staff.name, line.left) for line in lines]
    due = due_text(row.due_at)
    is_open = row.state == State.OPEN
    return RequestRow(
        row,
        chip(row.state),
        lines,
        left_texts.describe(left) if is_open else "",
        left_texts.reminder(left, title=row.title, due=due) if is_open else "",
        invitations.count_joined(row) if row.group_id else None,
    )


def due_text(due_at: datetime | None) -> str:
    """A deadline as reminders have it, which may be read on another day."""
    return f"{timezone.localtime(due_at):%m-%d %H:%M}" if due_at else ""


def request_context(request: http.Request, row: TaskRequest) -> dict[str, Any]:
    shown = request_row(request, row)
    outcomes = TaskTarget.objects.filter(task__request=row).values("outcome")
    counts = {each["outcome"]: each["n"] for each in outcomes.annotate(n=Count("pk"))}
    return {
        "row": shown,
        "task_request": row,
        "kind": row.task_kind,
        "outcomes": [
            (staff_tasks.outcome_label(row.kind, key), count)
            for key, count in sorted(counts.items())
        ],
        "layer": layer_name(row),
        "audience": audience_of(request, row),
        "may_cancel": row.state == State.OPEN
        and permissions.may(request.staff, campaigns.MANAGE),
    }


def audience_of(request: http.Request, row: TaskRequest) -> str:
    """A sentence on whom it is about, or who is to see a post."""
    if row.rule is None:
        return ""
    return labels.describe_rule(request.staff, row.rule)


def layer_name(row: TaskRequest) -> str:
    if row.layering is None:
        return ""
    names = {
        layer["key"]: str(layer.get("name") or layer["key"])
        for layer in row.layering.spec["layers"]
    }
    return label_texts.with_label(row.layering.name, names.get(row.layer, row.layer))


@dataclass(frozen=True)
class TargetRow:
    """A member of a task, and how staff find them."""

    account: int
    name: str
    contact: Contact
    outcome: str
    label: str
    changed_at: Any

    @property
    def is_open(self) -> bool:
        return not self.outcome


def target_rows(request: http.Request, task: StaffTask) -> list[TargetRow]:
    """Members without a result, and those done last, in an order in which none moves."""
    targets = TaskTarget.objects.filter(task=task)
    open_rows = list(targets.filter(outcome="").order_by("pk")[:MAX_ROWS])
    done = list(targets.exclude(outcome="").order_by("-changed_at")[: MAX_ROWS // 2])
    rows = sorted([*open_rows, *done], key=lambda row: row.pk)
    accounts = [row.target_id for row in rows]
    visible = visibility.filter_visible(
        by=request.staff, accounts=accounts, at=request.at
    )
    people = account_queries.person_ids(accounts)
    rows = [row for row in rows if people[row.target_id] in visible]
    names = member_names([row.target_id for row in rows], request.staff)
    contacts = contact_rows.find(
        request,
        [row.target_id for row in rows],
        with_remarks=[row.target_id for row in rows if not row.outcome],
    )
    return [
        TargetRow(
            row.target_id,
            names[row.target_id],
            contacts.get(row.target_id, Contact()),
            row.outcome,
            staff_tasks.outcome_label(task.request.kind, row.outcome),
            row.changed_at,
        )
        for row in rows
    ]


def member_names(accounts: Sequence[int], by: Staff) -> dict[int, str]:
    rows = Account.objects.in_bulk(list(accounts))
    return {
        pk: rows[pk].name or masking.key(rows[pk].key, by)
        for pk in accounts
        if pk in rows
    }

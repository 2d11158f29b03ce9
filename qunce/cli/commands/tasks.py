"""`qunce tasks`: what staff have to do, and who has not done it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import communities, day_texts
from qunce.outreach.tasks import invitations, left_texts, staff_tasks
from qunce.outreach.tasks.staff_tasks import State, TaskRequest

tasks = base.Group("tasks")


@tasks.command("list", help=N_("List the open tasks of all staff by due time"))
@options.pass_invocation
def list_tasks(invocation: Invocation) -> None:
    rows = staff_tasks.list_visible(invocation.by).filter(state=State.OPEN)
    found = list(staff_tasks.by_due_time(rows))
    left = staff_tasks.count_left([task.pk for task in found])
    records: list[dict[str, Any]] = [
        {
            "id": task.pk,
            "kind": task.request.kind,
            "title": task.request.title,
            "staff": task.staff.login,
            "due_at": task.due_at.isoformat() if task.due_at else None,
            "late": task.is_late(invocation.at),
            "left": left[task.pk],
        }
        for task in found
    ]
    due = {task.pk: _due(invocation, task.due_at) for task in found}

    def format_row(record: dict[str, Any]) -> str:
        late = f" ({_('overdue')})" if record["late"] else ""
        return (
            f"{due[record['id']]}{late}  {record['staff']}  {record['title']}"
            f"  {record['left']:,}"
        )

    invocation.out.write_list("tasks", records, format_row)


def _due(invocation: Invocation, due_at: Any) -> str:
    if due_at is None:
        return _("no deadline")
    zone = communities.zone(invocation.community)
    return day_texts.moment(due_at, invocation.at, zone)


@tasks.command("left", help=N_("List who has not finished, by open request"))
@options.pass_invocation
def left(invocation: Invocation) -> None:
    requests = staff_tasks.list_requests(invocation.by).filter(state=State.OPEN)
    records = [_describe(request) for request in requests.order_by("-pk")]
    invocation.out.write_list(
        "requests", records, lambda record: f"{record['title']}  {record['left']}"
    )


def _describe(request: TaskRequest) -> dict[str, Any]:
    open_tasks = list(request.tasks.filter(state=State.OPEN).select_related("staff"))
    counts = staff_tasks.count_left([task.pk for task in open_tasks])
    names = [(task.staff.name, counts[task.pk] or 1) for task in open_tasks]
    return {
        "id": request.pk,
        "kind": request.kind,
        "title": request.title,
        "left": left_texts.describe(names),
        "joined": invitations.count_joined(request) if request.group_id else None,
    }

"""A staff task: the text, up to 40 recipients at a time, and a shortcut per action.

J and K move between the rows, C copies, Space marks as sent and moves on, Enter does both,
X opens the reasons for a failure, T the tags, U undoes. Without JavaScript the same
buttons are forms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.console.outreach import contact_rows, labels
from qunce.console.outreach.contact_rows import Contact
from qunce.core import errors, permissions
from qunce.groups import visibility as group_visibility
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.outreach import skip_reasons
from qunce.outreach.campaigns import campaigns, results, review
from qunce.outreach.campaigns.campaigns import Target
from qunce.outreach.content import templates
from qunce.outreach.sending import assisted_sending, recipients, tasks
from qunce.outreach.sending.recipients import Recipient, State
from qunce.outreach.sending.tasks import Task

RECENT_PERIOD = timedelta(minutes=30)
MAX_DONE_SHOWN = 40


@dataclass(frozen=True)
class TaskRecipient:
    """A row of a task; `contact` is how the member is found in the chat app."""

    recipient: Recipient
    name: str
    contact: Contact
    text: str
    chip: labels.Chip
    may_undo: bool
    reason: str

    @property
    def is_open(self) -> bool:
        return self.recipient.state == State.PLANNED


@http.page()
def task_detail(request: http.Request, pk: int) -> HttpResponse:
    return _render_task(request, tasks.get(by=request.staff, pk=pk))


def _render_task(
    request: http.Request, task: Task, error: str = "", status: int = 200
) -> HttpResponse:
    progress = results.progress_by_task([task])[task.pk]
    is_mine = tasks.may_do(task, request.staff)
    rows = _rows(request, task) if is_mine else []
    in_groups = task.campaign.target == Target.GROUPS
    pieces = templates.parse(task.campaign.text)
    context: dict[str, Any] = {
        "task": task,
        "campaign": task.campaign,
        "chip": labels.campaign_chip(task.campaign),
        "progress": progress,
        "rows": rows,
        "open_rows": sum(row.is_open for row in rows),
        "may_open": is_mine
        and assisted_sending.may_run(task.campaign)
        and task.unclaimed_count > 0,
        "next_size": min(task.unclaimed_count, assisted_sending.PAGE_SIZE),
        "is_mine": is_mine,
        "is_late": task.is_late(request.at),
        # Only text without variables is the same for all recipients.
        "same_text": None
        if templates.variable_names(pieces)
        else templates.render(pieces, {}),
        "failures": skip_reasons.GROUP_FAILURES
        if in_groups
        else skip_reasons.MEMBER_FAILURES,
        "in_groups": in_groups,
        "assignees": _possible_assignees(request, task),
        "error": error,
    }
    return http.render(
        request,
        "console/outreach/task_detail.html",
        context,
        part="console/outreach/_task.html",
        status=status,
    )


def _rows(request: http.Request, task: Task) -> list[TaskRecipient]:
    """Return open and recently done rows, ordered so that none moves when it is done."""
    open_now = list(recipients.list_open(task))
    since = request.at - RECENT_PERIOD
    done = recipients.list_of_task(task).filter(
        state__in=[State.MARKED, State.FAILED], changed_at__gte=since
    )
    latest = list(done.order_by("-changed_at")[:MAX_DONE_SHOWN])
    rows = sorted([*open_now, *latest], key=lambda row: row.target_id)
    visible = _visible_targets(request, task, [row.target_id for row in rows])
    return _present_rows(
        request, task, [row for row in rows if row.target_id in visible]
    )


def _visible_targets(request: http.Request, task: Task, targets: list[int]) -> set[int]:
    """Return the targets that the user may still see since the rows were opened."""
    if task.campaign.target == Target.GROUPS:
        groups = group_visibility.list_visible(request.staff).filter(pk__in=targets)
        return set(groups.values_list("pk", flat=True))
    person_ids = account_queries.person_ids(targets)
    visible = visibility.filter_visible(
        by=request.staff, accounts=targets, at=request.at
    )
    return {target for target in targets if person_ids[target] in visible}


def _present_rows(
    request: http.Request, task: Task, rows: list[Recipient]
) -> list[TaskRecipient]:
    targets = [row.target_id for row in rows]
    names = review.recipient_names(task.campaign, targets, request.staff)
    texts = review.render_texts(task.campaign, targets, request.staff)
    contacts: dict[int, Contact] = {}
    if task.campaign.target != Target.GROUPS:
        open_targets = [row.target_id for row in rows if row.state == "planned"]
        contacts = contact_rows.find(request, targets, with_remarks=open_targets)
    return [
        TaskRecipient(
            recipient=row,
            name=names[row.target_id],
            contact=contacts.get(row.target_id, Contact()),
            text=texts[row.target_id][0] or "",
            chip=labels.recipient_chip(row.state),
            may_undo=assisted_sending.may_undo(row, request.at),
            reason=skip_reasons.label_of(row.reason) if row.reason else "",
        )
        for row in rows
    ]


@require_POST
@http.page(campaigns.DO_TASKS)
def open_next(request: http.Request, pk: int) -> HttpResponse:
    task = tasks.get(by=request.staff, pk=pk)
    assisted_sending.open_next(task=task, by=request.staff, at=request.at)
    return _respond(request, task)


@require_POST
@http.page(campaigns.DO_TASKS)
def mark_sent(request: http.Request, pk: int, target: int) -> HttpResponse:
    return _run(request, pk, target, assisted_sending.mark_sent)


@require_POST
@http.page(campaigns.DO_TASKS)
def mark_failed(request: http.Request, pk: int, target: int) -> HttpResponse:
    details = {
        "reason": request.POST.get("reason", ""),
        "note": request.POST.get("note", "").replace("\0", ""),
    }
    return _run(request, pk, target, assisted_sending.mark_failed, **details)


@require_POST
@http.page(campaigns.DO_TASKS)
def undo(request: http.Request, pk: int, target: int) -> HttpResponse:
    return _run(request, pk, target, assisted_sending.undo)


def _run(
    request: http.Request,
    pk: int,
    target: int,
    verb: Callable[..., None],
    **details: str,
) -> HttpResponse:
    """Run an action on a row.

    If the row has changed in the meantime, the current rows are shown with the error.
    """
    task = tasks.get(by=request.staff, pk=pk)
    by, at = request.staff, request.at
    try:
        verb(task=task, target=target, by=by, at=at, **details)
    except (
        assisted_sending.RecipientNotOpen,
        assisted_sending.TooLateToUndo,
        errors.Invalid,
    ) as error:
        return _render_task(request, task, str(error), status=422)
    return _respond(request, tasks.get(by=by, pk=pk))


def _respond(request: http.Request, task: Task) -> HttpResponse:
    """Render the task. When no row is open any more, open the next ones."""
    running = assisted_sending.may_run(task.campaign)
    if running and task.unclaimed_count and not recipients.list_open(task).exists():
        assisted_sending.open_next(task=task, by=request.staff, at=request.at)
    if request.htmx:
        return _render_task(request, tasks.get(by=request.staff, pk=task.pk))
    return http.redirect_back(request, reverse("outreach:task-detail", args=[task.pk]))


def _possible_assignees(request: http.Request, task: Task) -> list[Any]:
    """Return the staff who can take over the rest of the task."""
    oversees = permissions.may(request.staff, campaigns.OVERSEE_TASKS)
    if task.finished_at or not (oversees or task.staff_id == request.staff.pk):
        return []
    staff = campaigns.list_assignable_staff(request.community)
    return [member for member in staff if member.pk != task.staff_id]

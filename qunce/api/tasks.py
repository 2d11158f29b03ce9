"""Staff tasks: messages that a person posts by hand.

A program works on the tasks of the staff member that its key acts for, as the sidebar of
a chat app would.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Router

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core.staff import staff
from qunce.outreach import skip_reasons
from qunce.outreach.campaigns import content, results
from qunce.outreach.sending import assisted_sending, campaign_tasks
from qunce.outreach.sending.campaign_tasks import CampaignTask
from qunce.outreach.sending.ledger import Message

router = Router(auth=RequiresScope("tasks"), tags=["tasks"])
SHOW = RequiresScope("tasks", shows_members=True)


class OpenRecipientsIn(schemas.InputSchema):
    limit: Annotated[int, Field(ge=1, le=200)] = assisted_sending.PAGE_SIZE


class FailureIn(schemas.InputSchema):
    reason: skip_reasons.SendFailure
    note: schemas.ShortText = ""


class HandoverIn(schemas.InputSchema):
    staff_id: schemas.Id


class TaskOut(schemas.OutputSchema):
    """`remaining` of `total` recipients are not done yet.

    `mine` says whether the task is assigned to the staff member that the key acts for.
    """

    id: int
    campaign_id: int
    campaign_name: str
    staff_name: str
    mine: bool
    due_at: datetime | None
    late: bool
    finished_at: datetime | None
    total: int
    remaining: int


class TaskRecipientOut(schemas.OutputSchema):
    """`text` is what to post to the recipient.

    It is null if the recipient has no value for the variable `missing`.
    """

    target_id: int
    name: str
    state: str
    text: str | None
    missing: str


class TaskRecipientsOut(schemas.OutputSchema):
    items: list[TaskRecipientOut]


class HandoverResult(schemas.OutputSchema):
    recipients_moved: int


def _get_task(request: ApiRequest, task_id: int) -> CampaignTask:
    return campaign_tasks.get(by=request.by, pk=task_id)


def _serialize(
    request: ApiRequest, rows: Sequence[CampaignTask]
) -> list[dict[str, Any]]:
    # One query for the progress of all tasks of the page.
    progress = results.progress_by_task(list(rows))
    return [
        {
            "id": task.pk,
            "campaign_id": task.campaign_id,
            "campaign_name": task.campaign.name,
            "staff_name": str(task.staff),
            "mine": task.staff_id == request.by.pk,
            "due_at": task.due_at,
            "late": task.is_late(request.at),
            "finished_at": task.finished_at,
            "total": progress[task.pk].total,
            "remaining": progress[task.pk].left,
        }
        for task in rows
    ]


def _serialize_recipients(
    request: ApiRequest, task: CampaignTask, rows: Sequence[Message]
) -> dict[str, Any]:
    target_ids = [row.target_id for row in rows]
    texts = content.message_texts(task.campaign, target_ids, request.by)
    names = content.recipient_names(task.campaign, target_ids, request.by)
    items = [
        {
            "target_id": row.target_id,
            "name": names[row.target_id],
            "state": row.state,
            "text": texts[row.target_id][0],
            "missing": texts[row.target_id][1],
        }
        for row in rows
    ]
    return {"items": items}


# Tasks


@router.get("/tasks", response=schemas.Page[TaskOut])
def list_(
    request: ApiRequest,
    mine: bool = False,
    unfinished: bool = False,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List tasks by id.

    Staff who may oversee tasks see those of others, too.
    """
    query = campaign_tasks.list_visible(request.by).order_by("pk")
    if mine:
        query = query.filter(staff=request.by)
    if unfinished:
        query = query.filter(finished_at__isnull=True)
    page, more = schemas.paginate_rows(query, after=after, limit=limit)
    return {"items": _serialize(request, page), "next": more}


@router.get("/tasks/{task_id}", response=TaskOut)
def get(request: ApiRequest, task_id: schemas.Id) -> dict[str, Any]:
    """Get a task."""
    return _serialize(request, [_get_task(request, task_id)])[0]


@router.post("/tasks/{task_id}/handover", response=HandoverResult)
def hand_over(
    request: ApiRequest, task_id: schemas.Id, data: HandoverIn
) -> dict[str, int]:
    """Assign the remaining recipients of a task to another staff member."""
    task = _get_task(request, task_id)
    to = staff.get(request.by, data.staff_id)
    moved = assisted_sending.hand_over(task=task, to=to, by=request.by, at=request.at)
    return {"recipients_moved": moved}


# Recipients of a task


@router.post("/tasks/{task_id}/recipients", response=TaskRecipientsOut, auth=SHOW)
def open_recipients(
    request: ApiRequest, task_id: schemas.Id, data: OpenRecipientsIn
) -> dict[str, Any]:
    """Open recipients until `limit` of them are open, and list those that are open."""
    task = _get_task(request, task_id)
    rows = assisted_sending.open_next(
        task=task, by=request.by, at=request.at, limit=data.limit
    )
    return _serialize_recipients(request, task, rows)


@router.get("/tasks/{task_id}/recipients", response=TaskRecipientsOut, auth=SHOW)
def list_recipients(request: ApiRequest, task_id: schemas.Id) -> dict[str, Any]:
    """List the recipients that are open."""
    task = _get_task(request, task_id)
    # Texts are rendered for the one who posts them, so nobody else may read them here.
    campaign_tasks.check_own(task, request.by)
    rows = list(campaign_tasks.list_open_messages(task)[:200])
    return _serialize_recipients(request, task, rows)


@router.post("/tasks/{task_id}/recipients/{target_id}/mark", response=TaskOut)
def mark(
    request: ApiRequest, task_id: schemas.Id, target_id: schemas.Id
) -> dict[str, Any]:
    """Mark a recipient as sent by hand."""
    task = _get_task(request, task_id)
    assisted_sending.mark_sent(
        task=task, target=target_id, by=request.by, at=request.at
    )
    return get(request, task_id)


@router.post("/tasks/{task_id}/recipients/{target_id}/failure", response=TaskOut)
def report_failure(
    request: ApiRequest, task_id: schemas.Id, target_id: schemas.Id, data: FailureIn
) -> dict[str, Any]:
    """Report why the message cannot be sent to a recipient."""
    assisted_sending.mark_failed(
        task=_get_task(request, task_id),
        target=target_id,
        reason=data.reason.value,
        note=data.note,
        by=request.by,
        at=request.at,
    )
    return get(request, task_id)


@router.post("/tasks/{task_id}/recipients/{target_id}/undo", response=TaskOut)
def undo(
    request: ApiRequest, task_id: schemas.Id, target_id: schemas.Id
) -> dict[str, Any]:
    """Undo a mark or a failure, which opens the recipient again."""
    task = _get_task(request, task_id)
    assisted_sending.undo(task=task, target=target_id, by=request.by, at=request.at)
    return get(request, task_id)

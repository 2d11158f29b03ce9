"""Staff tasks: what one person has to send by hand, row by row.

A key does the tasks of the operator it stands for, as a sidebar or a helper would.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from django.utils.translation import gettext as _
from ninja import Field, Router

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import errors
from qunce.outreach import skip_reasons
from qunce.outreach.campaigns import campaigns, results, review
from qunce.outreach.sending import assisted_sending, recipients
from qunce.outreach.sending import tasks as staff_tasks
from qunce.outreach.sending.recipients import Recipient
from qunce.outreach.sending.tasks import Task

router = Router(auth=RequiresScope("tasks"), tags=["tasks"])


class UnknownTaker(errors.NotFound):
    """There is nobody of the staff with this number."""


class Opening(schemas.InputSchema):
    most: Annotated[int, Field(ge=1, le=200)] = assisted_sending.PAGE_SIZE


class CannotGiven(schemas.InputSchema):
    reason: skip_reasons.SendFailure
    note: schemas.ShortText = ""


class Taker(schemas.InputSchema):
    """`staff` is the number of an operator."""

    staff: schemas.Id


class TaskShown(schemas.OutputSchema):
    """`left` of `total` are not done yet; `mine` is whether this key's operator does it."""

    id: int
    send: int
    name: str
    staff: str
    mine: bool
    due_at: datetime | None
    late: bool
    finished_at: datetime | None
    total: int
    left: int


class RowShown(schemas.OutputSchema):
    """`text` is what to post to `target`; null where a value is `missing`."""

    target: int
    name: str
    state: str
    text: str | None
    missing: str


class Rows(schemas.OutputSchema):
    items: list[RowShown]


class HandedOver(schemas.OutputSchema):
    moved: int


def _task_of(call: ApiRequest, number: int) -> Task:
    return staff_tasks.get(by=call.by, pk=number)


def _shown(call: ApiRequest, some: Sequence[Task]) -> list[dict[str, Any]]:
    far = results.progress_by_task(list(some))
    return [
        {
            "id": task.pk,
            "send": task.campaign_id,
            "name": task.campaign.name,
            "staff": str(task.staff),
            "mine": task.staff_id == call.by.pk,
            "due_at": task.due_at,
            "late": task.is_late(call.at),
            "finished_at": task.finished_at,
            "total": far[task.pk].total,
            "left": far[task.pk].left,
        }
        for task in some
    ]


def _rows(call: ApiRequest, task: Task, some: Sequence[Recipient]) -> dict[str, Any]:
    targets = [row.target_id for row in some]
    texts = review.render_texts(task.campaign, targets, call.by)
    names = review.recipient_names(task.campaign, targets, call.by)
    items = [
        {
            "target": row.target_id,
            "name": names[row.target_id],
            "state": row.state,
            "text": texts[row.target_id][0],
            "missing": texts[row.target_id][1],
        }
        for row in some
    ]
    return {"items": items}


@router.get("/tasks", response=schemas.Page[TaskShown])
def listed(
    request: ApiRequest,
    mine: bool = False,
    unfinished: bool = False,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """One's own, and those of others for who oversees them."""
    there = staff_tasks.list_visible(request.by).order_by("pk")
    if mine:
        there = there.filter(staff=request.by)
    if unfinished:
        there = there.filter(finished_at__isnull=True)
    found, more = schemas.paginate(
        lambda start, most: list(there.filter(pk__gt=start)[:most]),
        after=after,
        limit=limit,
        number=lambda task: task.pk,
    )
    return {"items": _shown(request, found), "next": more}


@router.get("/tasks/{task}", response=TaskShown)
def one(request: ApiRequest, task: schemas.Id) -> dict[str, Any]:
    return _shown(request, [_task_of(request, task)])[0]


@router.post("/tasks/{task}/rows", response=Rows)
def open_next(request: ApiRequest, task: schemas.Id, given: Opening) -> dict[str, Any]:
    """The rows to do now: those open already, filled up from what waits."""
    found = _task_of(request, task)
    rows = assisted_sending.open_next(
        task=found, by=request.by, at=request.at, most=given.most
    )
    return _rows(request, found, rows)


@router.get("/tasks/{task}/rows", response=Rows)
def open_rows(request: ApiRequest, task: schemas.Id) -> dict[str, Any]:
    """The rows that are open."""
    found = _task_of(request, task)
    staff_tasks.check_own(found, request.by)
    return _rows(request, found, list(recipients.list_open(found)[:200]))


@router.post("/tasks/{task}/rows/{target}/mark", response=TaskShown)
def mark(request: ApiRequest, task: schemas.Id, target: schemas.Id) -> dict[str, Any]:
    """It was sent by hand."""
    found = _task_of(request, task)
    assisted_sending.mark_sent(task=found, target=target, by=request.by, at=request.at)
    return one(request, task)


@router.post("/tasks/{task}/rows/{target}/failure", response=TaskShown)
def cannot(
    request: ApiRequest, task: schemas.Id, target: schemas.Id, given: CannotGiven
) -> dict[str, Any]:
    """It cannot be sent, and why."""
    assisted_sending.mark_failed(
        task=_task_of(request, task),
        target=target,
        reason=given.reason.value,
        note=given.note,
        by=request.by,
        at=request.at,
    )
    return one(request, task)


@router.delete("/tasks/{task}/rows/{target}/mark", response=TaskShown)
def undo(request: ApiRequest, task: schemas.Id, target: schemas.Id) -> dict[str, Any]:
    """Take back the last word on a row: it is open again."""
    found = _task_of(request, task)
    assisted_sending.undo(task=found, target=target, by=request.by, at=request.at)
    return one(request, task)


@router.post("/tasks/{task}/handover", response=HandedOver)
def hand_over(request: ApiRequest, task: schemas.Id, given: Taker) -> dict[str, int]:
    """Give what is not done yet to somebody else."""
    found = _task_of(request, task)
    for taker in campaigns.list_assignable_staff(request.community):
        if taker.pk == given.staff:
            moved = assisted_sending.hand_over(
                task=found, to=taker, by=request.by, at=request.at
            )
            return {"moved": moved}
    raise UnknownTaker(_("There is no staff member with this number."))

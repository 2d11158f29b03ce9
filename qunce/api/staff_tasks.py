"""Staff tasks of other kinds than sending: what is asked of whom, and what came of it.

A program records results in the tasks of the staff member that its key acts for.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core.staff import staff
from qunce.groups import visibility as group_visibility
from qunce.members.layers import layers
from qunce.members.people import visibility
from qunce.members.tags import library
from qunce.outreach.tasks import invitations, outcomes, requests, staff_tasks
from qunce.outreach.tasks.staff_tasks import StaffTask, TaskRequest

router = Router(auth=RequiresScope("tasks"), tags=["tasks"])
SHOW = RequiresScope("tasks", shows_members=True)


class TaskRequestIn(schemas.InputSchema):
    """`kind` is comment, like, red_packet, moments, invitation, official_account, douyin,
    weibo or picture_or_video.

    `staff` are logins. `rule` says whom it is about. An invitation needs a `group_id`; it
    ends when `goal` members have joined, and with `layering_key` and `layer` it invites
    members who rise into that layer. Results deepen the tag `tag_key`.
    """

    kind: schemas.ShortText
    title: schemas.ShortText
    text: Annotated[str, Field(max_length=requests.MAX_TEXT)] = ""
    url: Annotated[str, Field(max_length=500)] = ""
    staff: Annotated[list[schemas.ShortText], Field(min_length=1, max_length=200)]
    rule: dict[str, Any] | None = None
    group_id: schemas.Id | None = None
    goal: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    layering_key: schemas.ShortText | None = None
    layer: schemas.ShortText = ""
    tag_key: schemas.ShortText | None = None
    due_at: schemas.Timestamp | None = None


class TaskRequestOut(schemas.OutputSchema):
    """`joined` is null unless it is an invitation."""

    id: int
    kind: str
    title: str
    text: str
    url: str
    state: str
    due_at: datetime | None
    goal: int | None
    joined: int | None


class TaskRequestsOut(schemas.OutputSchema):
    items: list[TaskRequestOut]


class TargetOut(schemas.OutputSchema):
    """`outcome` is empty until it is recorded."""

    member_id: int
    outcome: str


class StaffTaskOut(schemas.OutputSchema):
    """`result` has the values of the kind's fields; amounts in the smallest unit."""

    id: int
    request_id: int
    kind: str
    title: str
    staff: str
    state: str
    due_at: datetime | None
    late: bool
    result: dict[str, Any]
    note: str
    targets: list[TargetOut]


class StaffTasksOut(schemas.OutputSchema):
    items: list[StaffTaskOut]


class OutcomeIn(schemas.InputSchema):
    outcome: schemas.ShortText


class FinishIn(schemas.InputSchema):
    result: dict[schemas.ShortText, str] = {}
    note: schemas.ShortText = ""


class HandOverIn(schemas.InputSchema):
    """`staff` is a login."""

    staff: schemas.ShortText


def _serialize_request(row: TaskRequest) -> dict[str, Any]:
    names = ("kind", "title", "text", "url", "state", "due_at", "goal")
    return {
        "id": row.pk,
        **{name: getattr(row, name) for name in names},
        "joined": invitations.count_joined(row) if row.group_id else None,
    }


def _serialize(request: ApiRequest, task: StaffTask) -> dict[str, Any]:
    rows = list(task.targets.order_by("pk").values_list("target_id", "outcome"))
    visible = visibility.filter_visible(
        by=request.by, accounts=[target for target, _outcome in rows], at=request.at
    )
    return {
        "id": task.pk,
        "request_id": task.request_id,
        "kind": task.request.kind,
        "title": task.request.title,
        "staff": task.staff.login,
        "state": task.state,
        "due_at": task.due_at,
        "late": task.is_late(request.at),
        "result": task.result,
        "note": task.note,
        "targets": [
            {"member_id": target, "outcome": outcome}
            for target, outcome in rows
            if target in visible
        ],
    }


@router.get("/task-requests", response=TaskRequestsOut)
def list_requests(request: ApiRequest) -> dict[str, Any]:
    """List the newest 200 requests that the key's owner sees."""
    rows = staff_tasks.list_requests(request.by).order_by("-pk")[:200]
    return {"items": [_serialize_request(row) for row in rows]}


@router.post("/task-requests", response={201: TaskRequestOut})
def create_request(request: ApiRequest, data: TaskRequestIn) -> Any:
    """Ask staff for something. Each of them gets a task with the members they see."""
    by, given = request.by, data.model_dump(include={"kind", "title", "text", "url"})
    draft = requests.Draft(
        **given,
        staff=[staff.get_by_login(by, login).pk for login in data.staff],
        rule=data.rule,
        group=group_visibility.get(by=by, pk=data.group_id) if data.group_id else None,
        goal=data.goal,
        layering=layers.get(request.community, data.layering_key)
        if data.layering_key
        else None,
        layer=data.layer,
        tag=library.get(request.community, data.tag_key) if data.tag_key else None,
        due_at=data.due_at,
    )
    created = requests.create(draft=draft, by=by, at=request.at)
    return Status(201, _serialize_request(created))


@router.post("/task-requests/{task_request_id}/cancel", response=TaskRequestOut)
def cancel_request(request: ApiRequest, task_request_id: schemas.Id) -> dict[str, Any]:
    """Cancel a request with its open tasks. What is done stays recorded."""
    row = staff_tasks.get_request(by=request.by, pk=task_request_id)
    requests.cancel(request=row, by=request.by, at=request.at)
    return _serialize_request(row)


@router.get("/staff-tasks", response=StaffTasksOut, auth=SHOW)
def list_tasks(request: ApiRequest) -> dict[str, Any]:
    """List the open tasks of the key's owner, the earliest due time first."""
    tasks = staff_tasks.list_open(request.by)
    return {"items": [_serialize(request, task) for task in tasks]}


@router.get("/staff-tasks/{staff_task_id}", response=StaffTaskOut, auth=SHOW)
def get_task(request: ApiRequest, staff_task_id: schemas.Id) -> dict[str, Any]:
    """Get a task with its members and their outcomes."""
    return _serialize(request, staff_tasks.get(by=request.by, pk=staff_task_id))


@router.put(
    "/staff-tasks/{staff_task_id}/members/{member_id}/outcome", response={204: None}
)
def record_outcome(
    request: ApiRequest,
    staff_task_id: schemas.Id,
    member_id: schemas.Id,
    data: OutcomeIn,
) -> Any:
    """Record what came of a member. In a Moments task the member is added."""
    task = staff_tasks.get(by=request.by, pk=staff_task_id)
    outcomes.record(
        task=task,
        account=member_id,
        outcome=data.outcome,
        by=request.by,
        at=request.at,
    )
    return Status(204, None)


@router.delete(
    "/staff-tasks/{staff_task_id}/members/{member_id}/outcome", response={204: None}
)
def undo_outcome(
    request: ApiRequest, staff_task_id: schemas.Id, member_id: schemas.Id
) -> Any:
    """Take back an outcome, with the tagging that it brought."""
    task = staff_tasks.get(by=request.by, pk=staff_task_id)
    outcomes.undo(task=task, account=member_id, by=request.by, at=request.at)
    return Status(204, None)


@router.post("/staff-tasks/{staff_task_id}/finish", response=StaffTaskOut, auth=SHOW)
def finish(
    request: ApiRequest, staff_task_id: schemas.Id, data: FinishIn
) -> dict[str, Any]:
    """Finish a task with the values of its kind's fields, written as text."""
    task = staff_tasks.get(by=request.by, pk=staff_task_id)
    outcomes.finish(
        task=task, result=data.result, note=data.note, by=request.by, at=request.at
    )
    return _serialize(request, task)


@router.post("/staff-tasks/{staff_task_id}/hand-over", response={204: None})
def hand_over(request: ApiRequest, staff_task_id: schemas.Id, data: HandOverIn) -> Any:
    """Assign a task to another staff member."""
    task = staff_tasks.get(by=request.by, pk=staff_task_id)
    to = staff.get_by_login(request.by, data.staff)
    outcomes.hand_over(task=task, to=to, by=request.by, at=request.at)
    return Status(204, None)

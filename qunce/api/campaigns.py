"""Campaigns: planned, reviewed, sent, and what became of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Field, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.outreach.campaigns import campaigns, launch, results
from qunce.outreach.campaigns import review as campaign_review
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.sending.recipients import Recipient, State

router = Router(auth=RequiresScope("campaigns"), tags=["campaigns"])
Name = Annotated[str, Field(min_length=1, max_length=80)]
Ids = Annotated[list[schemas.Id], Field(max_length=1_000)]


class SendChange(schemas.InputSchema):
    """`staff` are numbers of operators, `groups` of groups; `{name|friend}` in the text
    stands for a value with what is said where there is none."""

    name: Name | None = None
    text: Annotated[str, Field(max_length=10_000)] | None = None
    target: Literal["members", "groups"] | None = None
    rule: schemas.Rule | None = None
    exclude: schemas.Rule | None = None
    groups: Ids | None = None
    channel: Annotated[str, Field(max_length=30)] | None = None
    staff: Ids | None = None
    spare: bool | None = None
    due_at: schemas.Timestamp | None = None


class SendGiven(SendChange):
    name: Name
    key: Annotated[str, Field(max_length=100)] = ""


class Expected(schemas.InputSchema):
    """`expected` is the review's `size`; another number by now is refused."""

    expected: Annotated[int, Field(ge=1, le=schemas.MAX_ID)]


class Scheduling(schemas.InputSchema):
    send_at: schemas.Timestamp


class SendShown(schemas.OutputSchema):
    """`size` and `left_out` (reason → people) are as of the start."""

    id: int
    key: str
    name: str
    text: str
    target: str
    rule: dict[str, Any] | None
    exclude: dict[str, Any] | None
    groups: list[int]
    channel: str
    staff: list[int]
    spare: bool
    due_at: datetime | None
    send_at: datetime | None
    state: str
    size: int
    left_out: dict[str, int]
    note: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class SampleShown(schemas.OutputSchema):
    target: int
    name: str
    staff: str
    text: str | None
    missing: str


class ReviewShown(schemas.OutputSchema):
    """`asked` are all of the rule, `size` who would get it, `pressed` who got two or more
    messages in 7 days."""

    asked: int
    size: int
    left_out: dict[str, int]
    pressed: int
    samples: list[SampleShown]


class ProgressShown(schemas.OutputSchema):
    """`counts` is by state of who has a row; `waiting` have none yet."""

    total: int
    left: int
    reached: int
    waiting: int
    counts: dict[str, int]


class RecipientShown(schemas.OutputSchema):
    """`target` is a member or a group, as the campaign has it."""

    target: int
    name: str
    staff: str
    state: str
    reason: str
    changed_at: datetime


class StaffShown(schemas.OutputSchema):
    id: int
    name: str


def _send_of(call: ApiRequest, number: int) -> Campaign:
    return campaigns.get(by=call.by, pk=number)


def _about(given: SendChange) -> dict[str, Any]:
    """What was given; null clears rules and times, and says nothing elsewhere."""
    clearable = ("rule", "exclude", "due_at")
    told = given.model_dump(exclude_unset=True, exclude={"key"})
    return {
        name: value
        for name, value in told.items()
        if value is not None or name in clearable
    }


@router.get("/campaigns", response=schemas.Page[SendShown])
def listed(
    request: ApiRequest,
    key: Annotated[str | None, Field(max_length=100)] = None,
    state: campaigns.State | None = None,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """By number; who sees a part of the community sees their own."""
    there = campaigns.list_visible(request.by).order_by("pk")
    if key is not None:
        there = there.filter(key=key)
    if state is not None:
        there = there.filter(state=state.value)
    found, more = schemas.paginate(
        lambda start, most: list(there.filter(pk__gt=start)[:most]),
        after=after,
        limit=limit,
        number=lambda campaign: campaign.pk,
    )
    return {"items": found, "next": more}


@router.get("/staff", response=list[StaffShown])
def staff(request: ApiRequest) -> Any:
    """Who can be given tasks."""
    return campaigns.list_assignable_staff(request.community)


@router.post("/campaigns", response={201: SendShown})
def create(request: ApiRequest, given: SendGiven) -> Any:
    """A draft; nothing leaves before it is started."""
    campaign = campaigns.create(
        community=request.community,
        key=given.key,
        by=request.by,
        at=request.at,
        **_about(given),
    )
    return Status(201, campaign)


@router.get("/campaigns/{send}", response=SendShown)
def one(request: ApiRequest, send: schemas.Id) -> Campaign:
    return _send_of(request, send)


@router.patch("/campaigns/{send}", response=SendShown)
def change(request: ApiRequest, send: schemas.Id, given: SendChange) -> Campaign:
    """It holds for everything that has not gone out."""
    found = _send_of(request, send)
    campaigns.update(campaign=found, by=request.by, at=request.at, **_about(given))
    return found


@router.get("/campaigns/{send}/review", response=ReviewShown)
def review(request: ApiRequest, send: schemas.Id) -> campaign_review.Review:
    """How many would get it now, ten of them with their text, who not and why."""
    return campaign_review.build(
        campaign=_send_of(request, send), by=request.by, at=request.at
    )


@router.post("/campaigns/{send}/start", response=SendShown)
def start(request: ApiRequest, send: schemas.Id, given: Expected) -> Campaign:
    """Freeze who gets it and begin."""
    found = _send_of(request, send)
    launch.start(campaign=found, by=request.by, at=request.at, expected=given.expected)
    return found


@router.post("/campaigns/{send}/schedule", response=SendShown)
def schedule(request: ApiRequest, send: schemas.Id, given: Scheduling) -> Campaign:
    found = _send_of(request, send)
    campaigns.schedule(
        campaign=found, send_at=given.send_at, by=request.by, at=request.at
    )
    return found


@router.delete("/campaigns/{send}/schedule", response=SendShown)
def unschedule(request: ApiRequest, send: schemas.Id) -> Campaign:
    found = _send_of(request, send)
    campaigns.unschedule(campaign=found, by=request.by, at=request.at)
    return found


@router.post("/campaigns/{send}/pause", response=SendShown)
def pause(request: ApiRequest, send: schemas.Id) -> Campaign:
    found = _send_of(request, send)
    campaigns.pause(campaign=found, by=request.by, at=request.at)
    return found


@router.delete("/campaigns/{send}/pause", response=SendShown)
def resume(request: ApiRequest, send: schemas.Id) -> Campaign:
    found = _send_of(request, send)
    campaigns.resume(campaign=found, by=request.by, at=request.at)
    return found


@router.post("/campaigns/{send}/cancel", response=SendShown)
def cancel(request: ApiRequest, send: schemas.Id) -> Campaign:
    """What has not gone out will not."""
    found = _send_of(request, send)
    launch.cancel(campaign=found, by=request.by, at=request.at)
    return found


@router.get("/campaigns/{send}/progress", response=ProgressShown)
def progress(request: ApiRequest, send: schemas.Id) -> results.Progress:
    return results.progress(_send_of(request, send))


@router.get("/campaigns/{send}/recipients", response=schemas.Page[RecipientShown])
def recipients(
    request: ApiRequest,
    send: schemas.Id,
    state: State | None = None,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """Who has a row, as far as they are in sight."""
    found = _send_of(request, send)
    begin = schemas.decode_id(after)
    rows = Recipient.objects.filter(campaign=found, target_id__gt=begin)
    if state is not None:
        rows = rows.filter(state=state.value)
    targets = list(
        rows.order_by("target_id").values_list("target_id", flat=True)[: limit + 1]
    )
    lines = results.list_recipients(
        campaign=found,
        by=request.by,
        at=request.at,
        state="" if state is None else state.value,
        after=begin,
        limit=limit,
    )
    more = schemas.encode_cursor(targets[limit - 1]) if len(targets) > limit else None
    return {"items": [_line(line) for line in lines], "next": more}


def _line(line: results.RecipientLine) -> dict[str, Any]:
    return {
        "target": line.row.target_id,
        "name": line.name,
        "staff": line.staff,
        "state": line.row.state,
        "reason": line.reason,
        "changed_at": line.row.changed_at,
    }

"""Funnels: steps that people take one after another, and how many take each."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Router, Status

from qunce.api import members, schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.insight import breakdowns
from qunce.insight.funnels import funnels, results
from qunce.insight.funnels.models import Funnel
from qunce.members.rule_text import contact_masks

router = Router(auth=RequiresScope("metrics"), tags=["funnels"])
Name = Annotated[str, Field(min_length=1, max_length=funnels.MAX_NAME)]
Definition = Annotated[
    dict[str, Any],
    Field(
        description="`steps` is a list of 2 to 6 kinds of facts with `where` and `hours`"
        " as in the clause `did`. `order` is `strict` (each later than the one before) or"
        " `loose`. `within` limits the time from the first to the last step, such as"
        " `7d`, and `during` when all of it happened, such as `{“within”: “90d”}`."
    ),
]
Breakdown = Annotated[
    str,
    Field(
        max_length=200,
        description="`source`, `group`, `layer:key`, `tag_group:key` or `attribute:name`.",
    ),
]


class FunnelIn(schemas.InputSchema):
    name: Name
    definition: Definition


class FunnelUpdateIn(schemas.InputSchema):
    name: Name | None = None
    definition: Definition | None = None


class FunnelPreviewIn(schemas.InputSchema):
    definition: Definition
    by: Breakdown = ""


class FunnelOut(schemas.OutputSchema):
    id: int
    name: str
    definition: dict[str, Any]
    state: str
    created_at: datetime
    changed_at: datetime


class StepOut(schemas.OutputSchema):
    """`people` took this step and all before it, `dropped` of them took no further one.

    Shares and the median time are null for fewer than 30 people. `median_seconds` is the
    time since the step before, or of steps in any order the time that all of them took.
    """

    label: str
    people: int
    dropped: int
    of_first: float | None
    of_previous: float | None
    median_seconds: float | None

    @staticmethod
    def resolve_median_seconds(step: results.StepResult) -> float | None:
        return None if step.median is None else step.median.total_seconds()


class FunnelLineOut(schemas.OutputSchema):
    key: str
    label: str
    steps: list[StepOut]

    @staticmethod
    def resolve_steps(line: results.Line) -> Any:
        return line.result.steps


class FunnelResultOut(schemas.OutputSchema):
    """`may_go_on` have not finished and began too late for the time to be over."""

    steps: list[StepOut]
    may_go_on: int
    lines: list[FunnelLineOut]


@router.get("/funnels", response=schemas.Page[FunnelOut])
def list_(
    request: ApiRequest, after: schemas.Cursor = None, limit: schemas.Limit = 50
) -> dict[str, Any]:
    """List the funnels that are not archived, by id."""
    found = sorted(funnels.list_visible(request.by), key=lambda funnel: funnel.pk)
    page, more = schemas.paginate(
        lambda start_id, size: [row for row in found if row.pk > start_id][:size],
        after=after,
        limit=limit,
        id_of=lambda funnel: funnel.pk,
    )
    return {"items": [_serialize(request, row) for row in page], "next": more}


def _serialize(request: ApiRequest, funnel: Funnel) -> dict[str, Any]:
    values = {name: getattr(funnel, name) for name in FunnelOut.model_fields}
    definition = contact_masks.masked(funnel.definition, request.by)
    return {**values, "definition": definition}


@router.post("/funnels", response={201: FunnelOut})
def create(request: ApiRequest, data: FunnelIn) -> Any:
    """Save a funnel."""
    funnel = funnels.create(
        community=request.community,
        name=data.name,
        definition=data.definition,
        by=request.by,
        at=request.at,
    )
    return Status(201, _serialize(request, funnel))


@router.post(
    "/funnels/preview", response=FunnelResultOut, auth=RequiresScope("metrics", "read")
)
def preview(request: ApiRequest, data: FunnelPreviewIn) -> dict[str, Any]:
    """Count a funnel that is not saved."""
    return _result(request, data.definition, data.by)


@router.get("/funnels/{funnel_id}", response=FunnelOut)
def get(request: ApiRequest, funnel_id: schemas.Id) -> dict[str, Any]:
    """Get a funnel."""
    return _serialize(request, funnels.get(by=request.by, pk=funnel_id))


@router.patch("/funnels/{funnel_id}", response=FunnelOut)
def update(
    request: ApiRequest, funnel_id: schemas.Id, data: FunnelUpdateIn
) -> dict[str, Any]:
    """Rename a funnel or change its definition."""
    funnel = funnels.get(by=request.by, pk=funnel_id)
    funnels.update(
        funnel=funnel,
        name=data.name,
        definition=data.definition,
        by=request.by,
        at=request.at,
    )
    return _serialize(request, funnel)


@router.post("/funnels/{funnel_id}/archive", response=FunnelOut)
def archive(request: ApiRequest, funnel_id: schemas.Id) -> dict[str, Any]:
    """Archive a funnel."""
    funnel = funnels.get(by=request.by, pk=funnel_id)
    funnels.archive(funnel=funnel, by=request.by, at=request.at)
    return _serialize(request, funnel)


@router.delete("/funnels/{funnel_id}/archive", response=FunnelOut)
def restore(request: ApiRequest, funnel_id: schemas.Id) -> dict[str, Any]:
    """Restore an archived funnel."""
    funnel = funnels.get(by=request.by, pk=funnel_id)
    funnels.restore(funnel=funnel, by=request.by, at=request.at)
    return _serialize(request, funnel)


@router.get("/funnels/{funnel_id}/result", response=FunnelResultOut)
def result(
    request: ApiRequest, funnel_id: schemas.Id, by: Breakdown = ""
) -> dict[str, Any]:
    """Count how many people took each step, and those of each part of a break-down."""
    funnel = funnels.get(by=request.by, pk=funnel_id)
    return _result(request, funnel.definition, by)


@router.get(
    "/funnels/{funnel_id}/members",
    response=schemas.Page[members.MemberSummaryOut],
    auth=RequiresScope("metrics", shows_members=True),
)
def list_members(
    request: ApiRequest,
    funnel_id: schemas.Id,
    step: Annotated[int, Field(ge=1, le=6)],
    dropped: bool = False,
    by: Breakdown = "",
    part: schemas.ShortText | None = None,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List the members who took a step by id; with `dropped`, those who then stopped."""
    funnel = funnels.get(by=request.by, pk=funnel_id)
    breakdown = breakdowns.parse(by)
    chosen = None
    if breakdown is not None and part is not None:
        chosen = breakdowns.find_part(breakdown, part, by=request.by, at=request.at)
    people = results.find_people(
        definition=funnel.definition,
        step=step,
        dropped=dropped,
        part=chosen,
        by=request.by,
        at=request.at,
    )
    return members.list_by_ids(request, people, after, limit)


def _result(request: ApiRequest, definition: Any, by: str) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "definition": definition,
        "by": request.by,
        "at": request.at,
    }
    found = results.compute(**asked)
    breakdown = breakdowns.parse(by)
    lines = [] if breakdown is None else results.compare(breakdown=breakdown, **asked)
    return {"steps": found.steps, "may_go_on": found.may_go_on, "lines": lines}

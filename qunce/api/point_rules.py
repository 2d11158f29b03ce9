"""Rules of points: what earns how many, with caps, and runs over the past."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Field, Router, Status

from qunce.activities.points import past_runs, rules
from qunce.activities.points.models import MAX_NAME, MAX_POINTS, PointRule
from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope

router = Router(auth=RequiresScope("activities", shows_members=True), tags=["points"])
Points = Annotated[int, Field(ge=1, le=MAX_POINTS)]
Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
Days = Annotated[int, Field(ge=1, le=rules.MAX_DAYS)]
NO_LIMIT, NONE = "no_limit", "none"
Cap = Annotated[
    Literal["no_limit", "none"] | Points,
    Field(description="`no_limit`, `none`, or a number: at most so many."),
]
EventName = Literal["join", "check_in", "task", "survey", "order", "review"]


class PointRuleUpdateIn(schemas.InputSchema):
    """Fields that are missing stay as they are.

    Orders earn `points` per `per_amount` in the smallest unit of `currency`. Points are
    usable `wait_days` after the event, for `valid_days`, null for ever. Levels multiply
    them, rounded down, if `is_multiplied`.
    """

    name: Name | None = None
    points: Points | None = None
    per_amount: Annotated[int, Field(ge=1, le=10**12)] | None = None
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = None
    wait_days: Annotated[int, Field(ge=0, le=rules.MAX_DAYS)] | None = None
    valid_days: Days | None = None
    day_cap: Cap | None = None
    week_cap: Cap | None = None
    month_cap: Cap | None = None
    is_multiplied: bool | None = None
    starts_at: schemas.Timestamp | None = None


class PointRuleIn(PointRuleUpdateIn):
    """A rule is off at first. Without `starts_at` it begins now."""

    name: Name
    event: EventName
    points: Points


class PointRuleOut(schemas.OutputSchema):
    id: int
    key: str
    name: str
    event: str
    points: int
    per_amount: int | None
    currency: str
    wait_days: int
    valid_days: int | None
    day_cap: int | str
    week_cap: int | str
    month_cap: int | str
    is_multiplied: bool
    starts_at: datetime
    is_on: bool
    is_archived: bool


class PointRuleListOut(schemas.OutputSchema):
    items: list[PointRuleOut]


class PastRunIn(schemas.InputSchema):
    since: schemas.Timestamp


class PastPreviewOut(schemas.OutputSchema):
    """`capped` are points that the caps keep back."""

    events: int
    people: int
    points: int
    capped: int


class PastRunOut(schemas.OutputSchema):
    points: int


def _cap(value: int | None) -> int | str:
    return NO_LIMIT if value is None else value or NONE


def _serialize_rule(rule: PointRule) -> dict[str, Any]:
    names = (
        *("key", "name", "event", "points", "per_amount", "currency", "wait_days"),
        *("valid_days", "is_multiplied", "starts_at", "is_on"),
    )
    return {
        "id": rule.pk,
        **{name: getattr(rule, name) for name in names},
        **{
            name: _cap(getattr(rule, name))
            for name in ("day_cap", "week_cap", "month_cap")
        },
        "is_archived": rule.archived_at is not None,
    }


def _fields(data: PointRuleUpdateIn) -> dict[str, Any]:
    """The fields that were sent, with caps as the verbs take them."""
    given = data.model_dump(exclude_unset=True)
    given = {k: v for k, v in given.items() if v is not None or k == "valid_days"}
    words: dict[Any, int | None] = {NO_LIMIT: None, NONE: 0}
    for name in ("day_cap", "week_cap", "month_cap"):
        if name in given:
            given[name] = words.get(given[name], given[name])
    return given


@router.get("/points/rules", response=PointRuleListOut)
def list_rules(request: ApiRequest) -> dict[str, Any]:
    """List the rules of points."""
    return {"items": [_serialize_rule(row) for row in rules.list_all(request.by)]}


@router.post("/points/rules", response={201: PointRuleOut})
def create_rule(request: ApiRequest, data: PointRuleIn) -> Any:
    """Create a rule of points, which is off at first."""
    rule = rules.create(
        community=request.community, by=request.by, at=request.at, **_fields(data)
    )
    return Status(201, _serialize_rule(rule))


@router.get("/points/rules/{rule_id}", response=PointRuleOut)
def get_rule(request: ApiRequest, rule_id: schemas.Id) -> dict[str, Any]:
    """Get a rule of points."""
    return _serialize_rule(rules.get(by=request.by, pk=rule_id))


@router.patch("/points/rules/{rule_id}", response=PointRuleOut)
def update_rule(
    request: ApiRequest, rule_id: schemas.Id, data: PointRuleUpdateIn
) -> dict[str, Any]:
    """Change a rule of points. It holds for what is earned from now on."""
    rule = rules.get(by=request.by, pk=rule_id)
    rules.update(rule=rule, by=request.by, at=request.at, **_fields(data))
    return get_rule(request, rule_id)


@router.delete("/points/rules/{rule_id}", response={204: None})
def archive_rule(request: ApiRequest, rule_id: schemas.Id) -> Any:
    """Archive a rule of points permanently. Members keep what they earned."""
    rule = rules.get(by=request.by, pk=rule_id)
    rules.archive(rule=rule, by=request.by, at=request.at)
    return Status(204, None)


@router.post("/points/rules/{rule_id}/start", response=PointRuleOut)
def start_rule(request: ApiRequest, rule_id: schemas.Id) -> dict[str, Any]:
    """Switch a rule of points on."""
    rule = rules.get(by=request.by, pk=rule_id)
    rules.switch_on(rule=rule, by=request.by, at=request.at)
    return get_rule(request, rule_id)


@router.post("/points/rules/{rule_id}/stop", response=PointRuleOut)
def stop_rule(request: ApiRequest, rule_id: schemas.Id) -> dict[str, Any]:
    """Switch a rule of points off. Members keep what they earned."""
    rule = rules.get(by=request.by, pk=rule_id)
    rules.switch_off(rule=rule, by=request.by, at=request.at)
    return get_rule(request, rule_id)


@router.get("/points/rules/{rule_id}/past", response=PastPreviewOut)
def preview_past(
    request: ApiRequest, rule_id: schemas.Id, since: schemas.Timestamp
) -> past_runs.Preview:
    """Get what a run over the past would earn. Nothing is changed."""
    rule = rules.get(by=request.by, pk=rule_id)
    return past_runs.preview(rule=rule, since=since, by=request.by, at=request.at)


@router.post("/points/rules/{rule_id}/past", response=PastRunOut)
def run_over_past(
    request: ApiRequest, rule_id: schemas.Id, data: PastRunIn
) -> dict[str, int]:
    """Let what happened since earn, too. What has earned before earns nothing more."""
    rule = rules.get(by=request.by, pk=rule_id)
    points = past_runs.run(rule=rule, since=data.since, by=request.by, at=request.at)
    return {"points": points}

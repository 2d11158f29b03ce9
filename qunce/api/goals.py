"""Goals: targets of metrics, and how they stand."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from ninja import Field, Router, Status
from pydantic import WithJsonSchema

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.insight.goals import goals, models, pace_chart, progress, results, targets
from qunce.insight.goals.models import Direction, Goal
from qunce.insight.goals.progress import Progress

router = Router(auth=RequiresScope("metrics"), tags=["goals"])
DirectionName = Annotated[
    str, WithJsonSchema({"type": "string", "enum": Direction.values})
]
Target = Annotated[
    str,
    Field(
        max_length=targets.MAX_TEXT,
        examples=["300", "12000.50"],
        description="People or times, whole units of the currency, or per cent.",
    ),
]
Login = Annotated[str, Field(max_length=120, description="Login of a staff member.")]


class GoalUpdateIn(schemas.InputSchema):
    """Fields that are missing stay as they are; an `owner` of "" is nobody.

    `metric` is the name of a metric or a ratio, `group` the key of a group, "" for the
    community.
    """

    name: Annotated[str, Field(max_length=models.MAX_NAME)] | None = None
    metric: Annotated[str, Field(max_length=models.MAX_METRIC)] | None = None
    group: Annotated[str, Field(max_length=models.MAX_GROUP)] | None = None
    direction: DirectionName | None = None
    target: Target | None = None
    first: date | None = None
    last: date | None = None
    owner: Login | None = None


class GoalIn(GoalUpdateIn):
    metric: Annotated[str, Field(max_length=models.MAX_METRIC)]
    direction: DirectionName
    target: Target
    first: date
    last: date


class GoalOut(schemas.OutputSchema):
    """`standing` says how the goal stands, `value` is a text, "–" before the first day.

    `share` and `elapsed` are in per cent: of the target, and of the days. `expected` is
    the value of a straight line by now, "" where there is none. `mark` is set for typed
    numbers. `result` is whether the span is over and the value was kept.
    """

    id: int
    name: str
    title: str
    metric: str
    group: str
    direction: str
    target: str
    target_text: str
    currency: str
    first: date
    last: date
    owner: str
    state: str
    standing: str
    value: str
    mark: str
    share: int | None
    elapsed: int
    expected: str
    result: bool
    by: str
    created_at: datetime
    changed_at: datetime


class GoalPointOut(schemas.OutputSchema):
    """`pace` is the straight line, or the target of a size or a ratio."""

    day: date
    value: float | None
    pace: float | None


class GoalChangeOut(schemas.OutputSchema):
    """What late facts made of a kept result."""

    now: str
    difference: str


class FullGoalOut(GoalOut):
    points: list[GoalPointOut]
    change: GoalChangeOut | None


def _serialize(found: Progress) -> dict[str, Any]:
    goal = found.goal
    names = (
        "name",
        "metric",
        "group",
        "direction",
        "currency",
        "first",
        "last",
        "state",
        "created_at",
        "changed_at",
    )
    return {
        "id": goal.pk,
        **{name: getattr(goal, name) for name in names},
        "title": found.title,
        "target": targets.to_plain(goal.target),
        "target_text": found.target_text,
        "owner": goal.owner.login if goal.owner else "",
        "standing": found.standing.value,
        "value": found.value_text,
        "mark": found.value.mark,
        "share": found.share,
        "elapsed": found.elapsed,
        "expected": found.expected_text,
        "result": found.result is not None,
        "by": goal.by.login,
    }


def _serialize_fully(goal: Goal, request: ApiRequest) -> dict[str, Any]:
    found = progress.load(goal, by=request.by, at=request.at)
    figure = pace_chart.draw(found, by=request.by, at=request.at)
    points = []
    if figure is not None:
        value, *pace = (series.values for series in figure.series)
        points = [
            {
                "day": day,
                "value": value[index],
                "pace": pace[0][index] if pace else None,
            }
            for index, day in enumerate(figure.days)
        ]
    return _serialize(found) | {
        "points": points,
        "change": results.find_change(goal, by=request.by, at=request.at),
    }


def _fields(data: GoalUpdateIn, request: ApiRequest) -> dict[str, Any]:
    given = data.model_dump(exclude_unset=True, mode="python")
    fields = {name: value for name, value in given.items() if value is not None}
    if "owner" in fields:
        fields["owner"] = goals.find_owner(request.by, fields["owner"])
    return fields


@router.get("/goals", response=schemas.Page[GoalOut])
def list_(
    request: ApiRequest,
    archived: bool = False,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List the goals of what the staff member sees, by id."""
    rows = goals.list_visible(request.by, archived=archived).order_by("pk")
    page, more = schemas.paginate_rows(rows, after=after, limit=limit)
    found = progress.load_all(page, by=request.by, at=request.at)
    return {"items": [_serialize(each) for each in found], "next": more}


@router.post("/goals", response={201: FullGoalOut})
def create(request: ApiRequest, data: GoalIn) -> Any:
    """Set a goal."""
    goal = goals.create(
        community=request.community,
        by=request.by,
        at=request.at,
        **_fields(data, request),
    )
    return Status(201, _serialize_fully(goal, request))


@router.get("/goals/{goal_id}", response=FullGoalOut)
def get(request: ApiRequest, goal_id: schemas.Id) -> dict[str, Any]:
    """Get a goal with its value by day."""
    return _serialize_fully(goals.get(by=request.by, pk=goal_id), request)


@router.patch("/goals/{goal_id}", response=FullGoalOut)
def update(
    request: ApiRequest, goal_id: schemas.Id, data: GoalUpdateIn
) -> dict[str, Any]:
    """Change a goal. Once its span is over, only the name and the owner can change."""
    goal = goals.get(by=request.by, pk=goal_id)
    goals.update(goal=goal, by=request.by, at=request.at, **_fields(data, request))
    return _serialize_fully(goal, request)


@router.post("/goals/{goal_id}/archive", response=FullGoalOut)
def archive(request: ApiRequest, goal_id: schemas.Id) -> dict[str, Any]:
    """Archive a goal."""
    goal = goals.get(by=request.by, pk=goal_id)
    goals.archive(goal=goal, by=request.by, at=request.at)
    return _serialize_fully(goal, request)


@router.delete("/goals/{goal_id}/archive", response=FullGoalOut)
def restore(request: ApiRequest, goal_id: schemas.Id) -> dict[str, Any]:
    """Restore an archived goal."""
    goal = goals.get(by=request.by, pk=goal_id)
    goals.restore(goal=goal, by=request.by, at=request.at)
    return _serialize_fully(goal, request)

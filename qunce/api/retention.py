"""Retention by cohort, the account of retained members, and touches before an order."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from ninja import Field, Query, Router

from qunce.api import members, schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.groups import visibility
from qunce.insight import breakdowns, retained_members, retention, touches
from qunce.insight.retention import RetentionQuery

router = Router(auth=RequiresScope("metrics"), tags=["metrics"])
Text = Annotated[str, Field(max_length=200)]


class RetentionIn(schemas.InputSchema):
    """What to count.

    `start` is `joined`, a kind of fact, or `first:` and a kind for the first fact of a
    person. `returning` is `active`, `present` (still in the community) or a kind. With
    `rolling`, the later periods begin with each person's own start. `by` is a break-down.
    """

    start: Text = retention.JOINED
    returning: Text = retention.ACTIVE
    period: Literal["day", "week", "month"] = "week"
    count: Annotated[int, Field(ge=2, le=53)] | None = None
    rolling: bool = False
    until: date | None = None
    by: Text = ""

    def query(self) -> RetentionQuery:
        return RetentionQuery(
            self.start,
            self.returning,
            self.period,
            retention.DEFAULT_COUNT[self.period] if self.count is None else self.count,
            rolling=self.rolling,
            until=self.until,
        )


class BreakdownOut(schemas.OutputSchema):
    """`key` is what requests take as `by`."""

    key: str
    label: str


class CellOut(schemas.OutputSchema):
    """`percent` is null for a cohort of fewer than 30 people: not enough to say.

    A cell that is not complete can still grow, as its period is not over.
    """

    people: int
    percent: float | None
    is_complete: bool


class CohortOut(schemas.OutputSchema):
    """`cells` are by periods after the start; the first one is the cohort itself."""

    first: date
    last: date
    size: int
    cells: list[CellOut]


class ShareOut(schemas.OutputSchema):
    """`people` of `among` came back; the cohorts for which the period is over."""

    periods: int
    people: int
    among: int
    percent: float | None


class LineOut(schemas.OutputSchema):
    """A part of a break-down; `key` is empty for everyone in none of the others."""

    key: str
    label: str
    size: int
    shares: list[ShareOut]


class RetentionOut(schemas.OutputSchema):
    """`lines` are those of the break-down, if one was asked for."""

    cohorts: list[CohortOut]
    total: list[ShareOut]
    lines: list[LineOut]


class AccountOut(schemas.OutputSchema):
    """opening + joined + returned − left = closing. `returned` is null for a group."""

    key: str
    label: str
    opening: int
    joined: int
    returned: int | None
    left: int
    closing: int


class StatementOut(schemas.OutputSchema):
    """`lines` are by the source of a member's first account and add up to the total."""

    first: date
    last: date
    total: AccountOut
    lines: list[AccountOut]


class TouchRowOut(schemas.OutputSchema):
    """`people` had as many messages; in the last row, as many or more."""

    touches: int
    people: int
    percent: float | None
    cumulative: float | None


class TouchesOut(schemas.OutputSchema):
    """`before_belief` are people who bought before the seventh message.

    `confirmed_people` had a message that a channel reports as delivered. `median` is
    null for fewer than 30 people.
    """

    first: date
    last: date
    window: int
    people: int
    median: int | None
    before_belief: int
    confirmed_people: int
    rows: list[TouchRowOut]


def _part(request: ApiRequest, by: str, part: str | None) -> breakdowns.Part | None:
    breakdown = breakdowns.parse(by)
    if breakdown is None or part is None:
        return None
    return breakdowns.find_part(breakdown, part, by=request.by, at=request.at)


@router.get("/breakdowns", response=list[BreakdownOut])
def list_breakdowns(request: ApiRequest) -> list[dict[str, str]]:
    """List what retention and funnels can be broken down by."""
    return [
        {"key": key, "label": label}
        for key, label in breakdowns.list_choices(request.by)
    ]


@router.get("/retention", response=RetentionOut)
def retention_(request: ApiRequest, asked: Query[RetentionIn]) -> dict[str, Any]:
    """Count who of those that started in a period came back in later ones."""
    given: dict[str, Any] = {
        "query": asked.query(),
        "by": request.by,
        "at": request.at,
    }
    found = retention.compute(**given)
    breakdown = breakdowns.parse(asked.by)
    lines = [] if breakdown is None else retention.compare(breakdown=breakdown, **given)
    return {"cohorts": found.cohorts, "total": found.total, "lines": lines}


@router.get(
    "/retention/members",
    response=schemas.Page[members.MemberSummaryOut],
    auth=RequiresScope("metrics", shows_members=True),
)
def list_retention_members(
    request: ApiRequest,
    asked: Query[RetentionIn],
    periods: Annotated[int, Field(ge=0, le=53)],
    cohort: Annotated[int, Field(ge=0, le=53)] | None = None,
    part: Text | None = None,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List the members behind a number of the retention table by id.

    `cohort` is the index of the cohort, by default all for which the period is over;
    `part` is the key of a line of the break-down.
    """
    people = retention.find_people(
        query=asked.query(),
        cohort=cohort,
        period=periods,
        part=_part(request, asked.by, part),
        by=request.by,
        at=request.at,
    )
    return members.list_by_ids(request, people, after, limit)


@router.get("/retained-members", response=StatementOut)
def retained_members_(
    request: ApiRequest,
    first: date | None = None,
    last: date | None = None,
    group_id: schemas.Id | None = None,
) -> Any:
    """Account for the members of the community, or of a group, between two days.

    By default of the last 28 complete days.
    """
    default = retained_members.default_span(request.by, request.at)
    group = None
    if group_id is not None:
        group = visibility.get(by=request.by, pk=group_id).key
    return retained_members.compute(
        first=first or default[0],
        last=last or default[1],
        group=group,
        by=request.by,
        at=request.at,
    )


@router.get("/touches-before-orders", response=TouchesOut)
def touches_(
    request: ApiRequest,
    first: date | None = None,
    last: date | None = None,
    window: Annotated[int, Field(ge=1, le=touches.MAX_WINDOW)] = touches.DEFAULT_WINDOW,
) -> Any:
    """Count how many messages reached members in the days before their first order.

    Of the members whose first paid order was on these days, by default the last 90
    complete ones.
    """
    default = touches.default_span(request.by, request.at)
    return touches.compute(
        first=first or default[0],
        last=last or default[1],
        window=window,
        by=request.by,
        at=request.at,
    )


@router.get(
    "/retained-members/members",
    response=schemas.Page[members.MemberSummaryOut],
    auth=RequiresScope("metrics", shows_members=True),
)
def list_account_members(
    request: ApiRequest,
    column: Literal["opening", "joined", "returned", "left", "closing"],
    first: date | None = None,
    last: date | None = None,
    group_id: schemas.Id | None = None,
    source: Text | None = None,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List the members behind a number of the account by id."""
    default = retained_members.default_span(request.by, request.at)
    group = None
    if group_id is not None:
        group = visibility.get(by=request.by, pk=group_id).key
    people = retained_members.find_people(
        column=column,
        first=first or default[0],
        last=last or default[1],
        group=group,
        part=_part(request, "source", source),
        by=request.by,
        at=request.at,
    )
    return members.list_by_ids(request, people, after, limit)


@router.get(
    "/touches-before-orders/members",
    response=schemas.Page[members.MemberSummaryOut],
    auth=RequiresScope("metrics", shows_members=True),
)
def list_touched_members(
    request: ApiRequest,
    touched: Annotated[int, Field(ge=0, le=touches.MOST)],
    first: date | None = None,
    last: date | None = None,
    window: Annotated[int, Field(ge=1, le=touches.MAX_WINDOW)] = touches.DEFAULT_WINDOW,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List the members whose first order came after `touched` messages by id."""
    default = touches.default_span(request.by, request.at)
    people = touches.find_people(
        first=first or default[0],
        last=last or default[1],
        window=window,
        touches=touched,
        by=request.by,
        at=request.at,
    )
    return members.list_by_ids(request, people, after, limit)

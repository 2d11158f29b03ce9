"""Numbers of a span as a whole: metrics and ratios, groups compared, peak hours."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from ninja import Query, Router

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.api.metrics import parse_span
from qunce.groups import visibility
from qunce.insight import group_comparison, metric_dictionary, metrics, peak_hours
from qunce.insight.metric_definitions import COMMUNITY, GROUP

router = Router(auth=RequiresScope("metrics"), tags=["metrics"])
MAX_GROUP_DAYS = 366
Days = Annotated[int, Query(ge=1, le=MAX_GROUP_DAYS)]


class SpanMetricOut(schemas.OutputSchema):
    """`rule` selects the people whom the number counts, where a rule can.

    `value` is null if there are too few cases to say it.
    """

    name: str
    value: int | None
    rule: dict[str, Any] | None


class RatioOut(schemas.OutputSchema):
    """A ratio is never averaged: divide the numerator by the denominator.

    If it is of too few people, `is_enough` is false and `text` is a sentence.
    """

    name: str
    numerator: int
    denominator: int
    is_enough: bool
    text: str


class SpanOut(schemas.OutputSchema):
    first: date
    last: date
    metrics: list[SpanMetricOut]
    ratios: list[RatioOut]


class GroupRowOut(schemas.OutputSchema):
    """`members` are those of now, everything else is of the span."""

    group_id: int
    members: int
    active: int
    speakers: int
    interacting: int
    joins: int
    leaves: int
    net_growth: int
    messages: int
    interactions: int
    active_by_day: list[int]


class TogetherOut(schemas.OutputSchema):
    """The sum over the groups, the different people, and the difference."""

    total: int
    people: int
    overlap: int


class GroupsComparedOut(schemas.OutputSchema):
    first: date
    last: date
    groups: list[GroupRowOut]
    together: dict[str, TogetherOut]
    totals: dict[str, int]


class PeakHoursOut(schemas.OutputSchema):
    """`counts` has a row per weekday from Monday, and a number per hour of `hours`."""

    subject: Literal["messages", "activity", "orders"]
    group_id: int | None
    first: date
    last: date
    hours: list[int]
    counts: list[list[int]]


@router.get("/metrics/span", response=SpanOut)
def get_span(
    request: ApiRequest,
    group_id: schemas.Id | None = None,
    first: date | None = None,
    last: date | None = None,
    name: Annotated[list[str] | None, Query(max_length=50)] = None,
) -> dict[str, Any]:
    """Return the numbers and ratios of a span, in which each person counts once.

    It is the community's, or that of a group. By default it is the last 28 complete
    days, and all metrics and ratios.
    """
    metric_dictionary.check_names(name or (), COMMUNITY if group_id is None else GROUP)
    first, last = parse_span(request, first, last)
    group = None
    if group_id is not None:
        group = visibility.get(by=request.by, pk=group_id).key
    counted = metrics.count_span(
        community=request.community,
        first=first,
        last=last,
        by=request.by,
        at=request.at,
        group=group,
        names=name or None,
    )
    return {"first": first, "last": last, **metric_dictionary.describe_span(counted)}


@router.get("/metrics/groups", response=GroupsComparedOut)
def compare_groups(request: ApiRequest, days: Days = 28) -> dict[str, Any]:
    """Compare all groups over the last complete days, in the order of their ids.

    People can be in two groups: `together` has the sum over the groups and the number of
    different people side by side.
    """
    groups = visibility.list_visible(request.by).order_by("pk")
    compared = group_comparison.load(
        by=request.by,
        group_ids=list(groups.values_list("pk", flat=True)),
        span=days,
        at=request.at,
    )
    return {
        "first": compared.first,
        "last": compared.last,
        "groups": compared.rows,
        "together": compared.together,
        "totals": compared.totals,
    }


@router.get("/metrics/hours", response=PeakHoursOut)
def count_hours(
    request: ApiRequest,
    group_id: schemas.Id | None = None,
    days: Days = 28,
    subject: Literal["messages", "activity", "orders"] = "messages",
) -> dict[str, Any]:
    """Count what members did by weekday and hour of the community's clock."""
    group = None
    if group_id is not None:
        group = visibility.get(by=request.by, pk=group_id).key
    counted = peak_hours.count(
        community=request.community,
        by=request.by,
        at=request.at,
        subject=subject,
        group=group,
        span=days,
    )
    return {
        "subject": subject,
        "group_id": group_id,
        "first": counted.first,
        "last": counted.last,
        "hours": counted.hours,
        "counts": counted.counts,
    }

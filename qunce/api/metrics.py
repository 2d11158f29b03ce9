"""Metrics: their definitions, and their numbers per community day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any, Literal

from django.utils.translation import gettext as _
from ninja import Query, Router

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import community_days, errors
from qunce.groups import visibility
from qunce.insight import metric_definitions, metrics
from qunce.insight.metric_definitions import COMMUNITY, GROUP, METRICS, Metric

router = Router(auth=RequiresScope("metrics"), tags=["metrics"])
MAX_DAYS = 400
DEFAULT_DAYS = 28


class MetricOut(schemas.OutputSchema):
    """What a number means. Numbers of days may be added up only if it is `additive`.

    Money has the community's currency as its unit, and is in its smallest unit.
    """

    name: str
    label: str
    definition: str
    unit: str
    additive: bool


class MetricValuesOut(MetricOut):
    """`values` has one number per day, `total` their sum if they may be added up."""

    values: list[int]
    total: int | None


class LeftOutOut(schemas.OutputSchema):
    currency: str
    paid: int


class MetricsOut(schemas.OutputSchema):
    """`incomplete_day` is today, if it is among the `days`.

    `left_out` are payments of the community that no amount contains, as their currency
    has no exchange rate.
    """

    level: Literal["community", "group"]
    group_id: int | None
    days: list[date]
    incomplete_day: date | None
    metrics: list[MetricValuesOut]
    left_out: list[LeftOutOut]


class MetricDefinitionsOut(schemas.OutputSchema):
    community: list[MetricOut]
    group: list[MetricOut]


class InvalidSpan(errors.Invalid):
    """The last day is before the first one, or the span is too long."""


@router.get("/metrics/definitions", response=MetricDefinitionsOut)
def list_definitions(request: ApiRequest) -> dict[str, Any]:
    """List the definitions of all metrics, by what they are about."""
    return {
        level: [
            _define(request, METRICS[name], level)
            for name in metric_definitions.list_names(level)
        ]
        for level in (COMMUNITY, GROUP)
    }


@router.get("/metrics", response=MetricsOut)
def list_(
    request: ApiRequest,
    group_id: schemas.Id | None = None,
    first: date | None = None,
    last: date | None = None,
    name: Annotated[list[str] | None, Query(max_length=50)] = None,
) -> dict[str, Any]:
    """List the numbers of the community, or of a group, for each community day.

    The days go from `first` to `last`, by default the last 28 complete days. Pass `name`
    once or several times for some of the metrics. The numbers are those of the members
    whom the staff member sees, without people who work here.
    """
    level = COMMUNITY if group_id is None else GROUP
    names = [metric_definitions.get(wanted, level).name for wanted in name or ()]
    today = community_days.to_date(request.community.day(request.at))
    last = last or today - timedelta(days=1)
    first = first or last - timedelta(days=DEFAULT_DAYS - 1)
    if not 0 <= (last - first).days < MAX_DAYS:
        raise InvalidSpan(
            _(
                "Give a first day that is not after the last one, and at most %(n)s days."
            )
            % {"n": MAX_DAYS}
        )
    query: dict[str, Any] = {
        "community": request.community,
        "first": first,
        "last": last,
        "by": request.by,
        "at": request.at,
        "names": names or None,
    }
    left_out: dict[str, int] = {}
    if group_id is None:
        spanned = {name: query[name] for name in query if name != "names"}
        left_out = metrics.sales_left_out(**spanned)
        numbers = metrics.compute_for_community(**query)
    else:
        key = visibility.get(by=request.by, pk=group_id).key
        numbers = metrics.compute_for_groups(groups=[key], **query)[key]
    return {
        "level": level,
        "group_id": group_id,
        "days": [first + timedelta(days=n) for n in range((last - first).days + 1)],
        "incomplete_day": today if first <= today <= last else None,
        "metrics": [
            _define(request, METRICS[each], level)
            | {
                "values": values,
                "total": sum(values) if METRICS[each].additive else None,
            }
            for each, values in numbers.items()
        ],
        "left_out": [
            {"currency": currency, "paid": paid} for currency, paid in left_out.items()
        ],
    }


def _define(request: ApiRequest, metric: Metric, level: str) -> dict[str, Any]:
    return {
        "name": metric.name,
        "label": metric.label_for(level),
        "definition": metric.definition_for(level),
        "unit": request.community.currency if metric.is_money else str(metric.unit),
        "additive": metric.additive,
    }

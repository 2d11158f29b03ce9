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
from qunce.insight import metric_definitions, metric_dictionary, metrics
from qunce.insight.metric_definitions import COMMUNITY, GROUP, METRICS

router = Router(auth=RequiresScope("metrics"), tags=["metrics"])
MAX_DAYS = 400
EARLIEST_YEAR = 1971
DEFAULT_DAYS = 28


class MetricOut(schemas.OutputSchema):
    """What a number means. Numbers of days may be added up only if it is `additive`.

    Money has the community's currency as its unit, and is in its smallest unit. A number
    of the `grain` `moment` is that at the end of a day, or at its start; one of the grain
    `span` has no numbers of days. `shown_on` are pages, `agrees_with` the identities that
    hold for it.
    """

    name: str
    label: str
    definition: str
    formula: str
    unit: str
    grain: Literal["day", "moment", "span"]
    additive: bool
    shown_on: list[str]
    agrees_with: list[str]


class DefinitionOut(MetricOut):
    """A metric, or a ratio of the two metrics `numerator` and `denominator`."""

    numerator: str | None
    denominator: str | None


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
    community: list[DefinitionOut]
    group: list[DefinitionOut]


class InvalidSpan(errors.Invalid):
    """The last day is before the first one, or the span is too long."""


@router.get("/metrics/definitions", response=MetricDefinitionsOut)
def list_definitions(request: ApiRequest) -> dict[str, Any]:
    """List the definitions of all metrics and ratios, by what they are about."""
    return {
        level: [
            metric_dictionary.describe(entry, level, request.community.currency)
            for entry in metric_dictionary.list_entries(level)
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
    first, last = parse_span(request, first, last)
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
            metric_dictionary.describe(METRICS[each], level, request.community.currency)
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


def parse_span(
    request: ApiRequest, first: date | None, last: date | None
) -> tuple[date, date]:
    """Return the days of a query, by default the last 28 complete ones."""
    today = community_days.to_date(request.community.day(request.at))
    last = last or today - timedelta(days=1)
    if last.year < EARLIEST_YEAR:
        raise InvalidSpan(
            _("Give days from the year %(year)s on.") % {"year": EARLIEST_YEAR}
        )
    first = first or last - timedelta(days=DEFAULT_DAYS - 1)
    if not 0 <= (last - first).days < MAX_DAYS:
        raise InvalidSpan(
            _(
                "Give a first day that is not after the last one, and at most %(n)s days."
            )
            % {"n": MAX_DAYS}
        )
    return first, last

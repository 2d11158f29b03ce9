"""Yesterday's metrics, compared with the same weekday a week before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from qunce.core import community_days, money
from qunce.core.staff.models import Staff
from qunce.insight import metric_definitions, metrics
from qunce.insight.metric_definitions import METRICS, Metric

if TYPE_CHECKING:
    from qunce.insight.metric_query import MetricQuery

DAYS_PER_WEEK = 7


@dataclass(frozen=True)
class DayNumber:
    """`change` is in per cent of the earlier day, and None if that day had 0.

    `left_out` is money of both days that has no exchange rate, such as `USD 60.00`.
    """

    metric: Metric
    unit: str
    value: str
    previous: str
    change: int | None
    left_out: str = ""


def compare_yesterday(
    staff: Staff,
    *,
    at: datetime,
    names: Sequence[str] | None = None,
    query: MetricQuery | None = None,
) -> list[DayNumber]:
    """Compare the metrics `names`, by default those of the page Today.

    `query` has these days, if further numbers are read from it.
    """
    community = staff.community
    yesterday = community.day(at) - 1
    params: dict[str, Any] = {
        "community": community,
        "by": staff,
        "at": at,
        "first": community_days.to_date(yesterday - DAYS_PER_WEEK),
        "last": community_days.to_date(yesterday),
    }
    if query is None:
        query = metrics.create_query(**params)
    else:
        query = query.narrowed(yesterday - DAYS_PER_WEEK, yesterday)
    names = names or [
        name
        for name in metric_definitions.list_names(metric_definitions.COMMUNITY)
        if METRICS[name].on_today
    ]
    values_by_metric = {name: METRICS[name].by_day(query) for name in names}
    left_out = ""
    if any(METRICS[name].is_money for name in names):
        left_out = money.format_all(metrics.sales_left_out(**params))
    return [
        _day_number(name, values[0], values[-1], community.currency, left_out)
        for name, values in values_by_metric.items()
    ]


def _day_number(
    name: str, previous: int, value: int, currency: str, left_out: str
) -> DayNumber:
    metric = METRICS[name]
    unit = "" if metric.unit else currency
    places = money.decimal_places(unit) if unit else 0
    # A share of a number below 0, such as of a shrinking group, has no meaning.
    change = round(100 * (value - previous) / previous) if previous > 0 else None
    value_text, previous_text = (
        f"{amount / 10**places:,.{places}f}".replace("-", "\N{MINUS SIGN}")
        for amount in (value, previous)
    )
    return DayNumber(
        metric,
        str(metric.unit) or unit,
        value_text,
        previous_text,
        change,
        left_out if unit else "",
    )

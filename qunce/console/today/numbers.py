"""Yesterday's numbers against the same weekday before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from qunce.core import community_days, money
from qunce.core.staff.models import Staff
from qunce.insight import metrics
from qunce.insight.metric_definitions import METRICS, Metric

DAYS_PER_WEEK = 7


@dataclass(frozen=True)
class DayNumber:
    """`share` in per cent of the day a week before, None where that was nothing."""

    metric: Metric
    unit: str
    value: str
    before: str
    share: int | None


def compare_yesterday(staff: Staff, *, at: datetime) -> list[DayNumber]:
    community = staff.community
    last = community.day(at) - 1
    daily = metrics.compute_for_community(
        community=community,
        first=community_days.to_date(last - DAYS_PER_WEEK),
        last=community_days.to_date(last),
        by=staff,
        at=at,
    )
    return [
        _number(name, told[0], told[-1], community.currency)
        for name, told in daily.items()
    ]


def _number(name: str, before: int, now: int, currency: str) -> DayNumber:
    metric = METRICS[name]
    unit = "" if metric.unit else currency
    places = money.decimal_places(unit) if unit else 0
    share = round(100 * (now - before) / before) if before else None
    value, week = (f"{some / 10**places:,.{places}f}" for some in (now, before))
    return DayNumber(metric, str(metric.unit) or unit, value, week, share)

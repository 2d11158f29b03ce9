"""Yesterday's numbers against the same weekday before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from qunce.core import community_days, money
from qunce.core.staff.models import Staff
from qunce.insight import metrics
from qunce.insight.metric_definitions import METRICS, Metric

WEEK = 7


@dataclass(frozen=True)
class Number:
    """`share` in per cent of the day a week before, None where that was nothing."""

    metric: Metric
    unit: str
    value: str
    before: str
    share: int | None


def compared(staff: Staff, *, at: datetime) -> list[Number]:
    community = staff.community
    last = community.day(at) - 1
    daily = metrics.compute_for_community(
        community=community,
        first=community_days.to_date(last - WEEK),
        last=community_days.to_date(last),
        by=staff,
        at=at,
    )
    return [
        _number(name, told[0], told[-1], community.currency)
        for name, told in daily.items()
    ]


def _number(name: str, before: int, now: int, currency: str) -> Number:
    metric = METRICS[name]
    unit = "" if metric.unit else currency
    places = money.decimal_places(unit) if unit else 0
    share = round(100 * (now - before) / before) if before else None
    value, week = (f"{some / 10**places:,.{places}f}" for some in (now, before))
    return Number(metric, str(metric.unit) or unit, value, week, share)

"""Metrics of the last complete days, compared with as many days before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.core import community_days, money
from qunce.insight import metric_definitions, metrics
from qunce.insight.charts import Figure, Series
from qunce.insight.metric_definitions import COMMUNITY, GROUP, METRICS, Metric

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

DEFAULT_SPAN = 28


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A metric on `span` complete days and today, and on the `span` days before.

    `values` belong to `days`, whose last one is today. Amounts of money are in whole
    units of the currency.
    """

    metric: Metric
    level: str
    unit: str
    decimals: int
    days: Sequence[date]
    values: Sequence[float]
    previous_values: Sequence[float]
    left_out: str = ""
    """Money that has no exchange rate, such as `USD 60.00`."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw, neither now nor before."""
        return not any(self.values) and not any(self.previous_values)

    @property
    def label(self) -> str:
        return self.metric.label_for(self.level)

    @property
    def definition(self) -> str:
        return self.metric.definition_for(self.level)

    @property
    def span(self) -> int:
        return len(self.previous_values)

    @property
    def total(self) -> float:
        """The sum of the complete days, or their mean if the metric is not additive."""
        return self._sum_or_mean(self.values[:-1])

    @property
    def previous_total(self) -> float:
        return self._sum_or_mean(self.previous_values)

    def _sum_or_mean(self, values: Sequence[float]) -> float:
        if self.metric.additive:
            return round(sum(values), self.decimals)
        return round(sum(values) / max(len(values), 1), 1)

    @property
    def change(self) -> float | None:
        """In percent of the previous total; None if that is 0."""
        if not self.previous_total:
            return None
        return 100 * (self.total - self.previous_total) / self.previous_total

    @property
    def total_text(self) -> str:
        return self._format(self.total)

    @property
    def previous_total_text(self) -> str:
        return self._format(self.previous_total)

    @property
    def change_text(self) -> str:
        text = "" if self.change is None else f"{self.change:+,.1f} %"
        return text.replace("-", "\N{MINUS SIGN}")

    def _format(self, number: float) -> str:
        return f"{number:,.{self.decimals if self.metric.additive else 1}f}"

    @property
    def figure(self) -> Figure:
        """The chart, with the previous days below the days they are compared with."""
        params = {"n": self.span}
        previous_days = [day - timedelta(days=self.span) for day in self.days]
        return Figure(
            name=self.metric.name,
            title=self.label,
            unit=self.unit,
            days=self.days,
            today=self.days[-1],
            decimals=self.decimals,
            definition=self.definition,
            series=[
                Series(label=_("last %(n)s days") % params, values=self.values),
                Series(
                    label=_("previous %(n)s days") % params,
                    values=[*self.previous_values, None],
                    days=previous_days,
                ),
            ],
        )


def compare_community(
    *,
    community: Community,
    by: Staff,
    at: datetime,
    names: Sequence[str] | None = None,
    span: int = DEFAULT_SPAN,
) -> list[Comparison]:
    """Compare the metrics `names` of a community, by default all of them."""
    first, last = _period(community, at, span)
    numbers = metrics.compute_for_community(
        community=community, first=first, last=last, by=by, at=at, names=names
    )
    left_out = ""
    if any(METRICS[name].unit == metric_definitions.MONEY for name in numbers):
        amounts = metrics.sales_left_out(
            community=community, first=first, last=last, by=by, at=at
        )
        left_out = money.format_all(amounts)
    return _compare(community, COMMUNITY, numbers, last, span, left_out)


def compare_group(
    *,
    community: Community,
    key: str,
    by: Staff,
    at: datetime,
    names: Sequence[str] | None = None,
    span: int = DEFAULT_SPAN,
) -> list[Comparison]:
    """Compare the metrics `names` of a group, by default all of them."""
    first, last = _period(community, at, span)
    numbers = metrics.compute_for_groups(
        community=community,
        groups=[key],
        first=first,
        last=last,
        by=by,
        at=at,
        names=names,
    )
    return _compare(community, GROUP, numbers[key], last, span)


def _period(community: Community, at: datetime, span: int) -> tuple[date, date]:
    """From the first of the previous days to today."""
    today = community_days.to_date(community.day(at))
    return today - timedelta(days=2 * span), today


def _compare(
    community: Community,
    level: str,
    numbers: dict[str, list[int]],
    today: date,
    span: int,
    left_out: str = "",
) -> list[Comparison]:
    comparisons = []
    for name, by_day in numbers.items():
        metric = METRICS[name]
        is_money = metric.unit == metric_definitions.MONEY
        decimals = money.decimal_places(community.currency) if is_money else 0
        values = [n / 10**decimals if decimals else n for n in by_day]
        comparisons.append(
            Comparison(
                metric=metric,
                level=level,
                unit=community.currency if is_money else str(metric.unit),
                decimals=decimals,
                days=[today - timedelta(days=ago) for ago in range(span, -1, -1)],
                values=values[span:],
                previous_values=values[:span],
                left_out=left_out if is_money else "",
            )
        )
    return comparisons

"""Metrics of the last complete days, compared with as many days before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from qunce.core import community_days, money
from qunce.insight import metric_definitions, metrics
from qunce.insight.charts import Figure, Series
from qunce.insight.metric_definitions import (
    COMMUNITY,
    GROUP,
    METRICS,
    Grain,
    Metric,
)

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.insight.metric_query import MetricQuery

DEFAULT_SPAN = 28


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A metric on `span` complete days and today, and on the `span` days before.

    `values` belong to `days`, whose last one is today. `total` and `previous_total` are
    the numbers of the two spans as a whole, in which people count once; those of a moment
    are the last ones. Amounts of money are in whole units of the currency. `rule` selects
    the people of the total, where a rule can.
    """

    metric: Metric
    level: str
    unit: str
    decimals: int
    days: Sequence[date]
    values: Sequence[float]
    previous_values: Sequence[float]
    total: float
    previous_total: float
    rule: dict[str, Any] | None = None
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
    def total_note(self) -> str:
        """What of the days the total is, if it is not their sum."""
        if self.metric.grain is Grain.MOMENT:
            return _("at the end")
        if self.metric.additive:
            return ""
        return _("each counted once")

    @property
    def change(self) -> float | None:
        """In percent of the previous total; None if that is not above 0."""
        if self.previous_total <= 0:
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
        return f"{number:,.{self.decimals}f}".replace("-", "\N{MINUS SIGN}")

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
    query: MetricQuery | None = None,
) -> list[Comparison]:
    """Compare the metrics `names` of a community, by default all of them.

    `query` is that of `create_query`, if it is used for further numbers.
    """
    first, last = _period(community, at, span)
    query = query or create_query(community=community, by=by, at=at, span=span)
    names = metric_definitions.list_names(COMMUNITY) if names is None else names
    left_out = ""
    if any(METRICS[name].is_money for name in names):
        amounts = metrics.sales_left_out(
            community=community, first=first, last=last, by=by, at=at
        )
        left_out = money.format_all(amounts)
    return [_compare(METRICS[name], query, span, left_out) for name in names]


def compare_group(
    *,
    community: Community,
    key: str,
    by: Staff,
    at: datetime,
    names: Sequence[str] | None = None,
    span: int = DEFAULT_SPAN,
    query: MetricQuery | None = None,
) -> list[Comparison]:
    """Compare the metrics `names` of a group, by default all of them."""
    query = query or create_query(
        community=community, by=by, at=at, span=span, group=key
    )
    names = metric_definitions.list_names(GROUP) if names is None else names
    return [_compare(METRICS[name], query, span) for name in names]


def create_query(
    *,
    community: Community,
    by: Staff,
    at: datetime,
    span: int = DEFAULT_SPAN,
    group: str | None = None,
) -> MetricQuery:
    """Return the days from the first of the previous ones to today."""
    first, last = _period(community, at, span)
    return metrics.create_query(
        community=community, first=first, last=last, by=by, at=at, group=group
    )


def _period(community: Community, at: datetime, span: int) -> tuple[date, date]:
    """From the first of the previous days to today."""
    today = community_days.to_date(community.day(at))
    return today - timedelta(days=2 * span), today


def _compare(
    metric: Metric, query: MetricQuery, span: int, left_out: str = ""
) -> Comparison:
    today = query.last
    numbers = metric.by_day(query)
    current = query.narrowed(today - span, today - 1)
    previous = query.narrowed(query.first, query.first + span - 1)
    if metric.grain is Grain.DAY and not metric.additive:
        totals = [metric.over_span(each) for each in (current, previous)]
    elif metric.additive:
        totals = [sum(numbers[span:-1]), sum(numbers[:span])]
    else:
        totals = [numbers[-2], numbers[span - 1]]
    community = query.community
    decimals = money.decimal_places(community.currency) if metric.is_money else 0
    values = [n / 10**decimals if decimals else n for n in numbers]
    total, previous_total = (n / 10**decimals if decimals else n for n in totals)
    return Comparison(
        metric=metric,
        level=COMMUNITY if query.group is None else GROUP,
        unit=community.currency if metric.is_money else str(metric.unit),
        decimals=decimals,
        days=[community_days.to_date(day) for day in range(today - span, today + 1)],
        values=values[span:],
        previous_values=values[:span],
        total=total,
        previous_total=previous_total,
        rule=metric.rule(current) if metric.rule else None,
        left_out=left_out if metric.is_money else "",
    )

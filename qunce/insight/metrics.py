"""Metrics: one number per community day or one of a span, of the community or a group.

No metric counts people who work here. Staff with a scope get the numbers of the people
they see; facts without a person, such as sales to unknown buyers, are counted only for
staff who see everyone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from qunce.core import community_days, permissions
from qunce.core.staff import scopes
from qunce.insight import metric_definitions, ratios, small_numbers
from qunce.insight.metric_definitions import COMMUNITY, GROUP, METRICS
from qunce.insight.metric_query import MetricQuery
from qunce.insight.subjects import activity, answers, complaints, members, sales, scores
from qunce.sets import daily_totals

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.insight.ratios import RatioValue

DECLARING = (activity, answers, complaints, members, sales, scores)
"""The modules that declare metrics."""


def compute_for_community(
    *,
    community: Community,
    first: date,
    last: date,
    by: Staff,
    at: datetime,
    names: Sequence[str] | None = None,
) -> dict[str, list[int]]:
    """Metric → one number per day from `first` to `last`. By default, all metrics."""
    query = create_query(community=community, first=first, last=last, by=by, at=at)
    names = metric_definitions.list_names(COMMUNITY) if names is None else names
    return {name: METRICS[name].by_day(query) for name in names}


def sales_left_out(
    *, community: Community, first: date, last: date, by: Staff, at: datetime
) -> dict[str, int]:
    """Currency → paid amount without an exchange rate, which `paid` does not contain."""
    query = create_query(community=community, first=first, last=last, by=by, at=at)
    return daily_totals.sum_left_out(kinds=sales.PAID_KINDS, **query.params)


def compute_for_groups(
    *,
    community: Community,
    groups: Sequence[str],
    first: date,
    last: date,
    by: Staff,
    at: datetime,
    names: Sequence[str] | None = None,
) -> dict[str, dict[str, list[int]]]:
    """Key of the group → metric → one number per day from `first` to `last`."""
    scopes.check_groups(by, groups)
    query = create_query(community=community, first=first, last=last, by=by, at=at)
    names = metric_definitions.list_names(GROUP) if names is None else names
    query = replace(query, groups=tuple(groups))
    queries = {key: replace(query, group=key) for key in groups}
    return {
        key: {name: METRICS[name].by_day(queries[key]) for name in names}
        for key in groups
    }


@dataclass(frozen=True)
class SpanNumbers:
    """The numbers and ratios of a span as a whole, by name; people count once.

    `rules` select the people of a number, where a rule can. Metrics with too few cases
    have no number and are in `not_enough`.
    """

    numbers: dict[str, int]
    ratios: dict[str, RatioValue]
    rules: dict[str, dict[str, Any]]
    not_enough: tuple[str, ...] = ()


def count_span(
    *,
    community: Community,
    first: date,
    last: date,
    by: Staff,
    at: datetime,
    group: str | None = None,
    names: Sequence[str] | None = None,
) -> SpanNumbers:
    """The numbers from `first` to `last`, by default all metrics and ratios.

    They are those of the community, or of the group whose key `group` is.
    """
    query = create_query(
        community=community, first=first, last=last, by=by, at=at, group=group
    )
    return count_span_of(query, names)


def count_span_of(
    query: MetricQuery, names: Sequence[str] | None = None
) -> SpanNumbers:
    """The numbers of the span of a query, by default all metrics and ratios."""
    level = COMMUNITY if query.group is None else GROUP
    metrics = [
        metric
        for metric in metric_definitions.list_all(level)
        if names is None or metric.name in names
    ]
    chosen = [
        ratio
        for ratio in metric_definitions.list_ratios(level)
        if names is None or ratio.name in names
    ]
    rules = {metric.name: metric.rule(query) for metric in metrics if metric.rule}
    few = tuple(
        metric.name
        for metric in metrics
        if metric.cases
        and METRICS[metric.cases].over_span(query) < small_numbers.MIN_PEOPLE
    )
    return SpanNumbers(
        {
            metric.name: metric.over_span(query)
            for metric in metrics
            if metric.name not in few
        },
        {ratio.name: ratios.compute(ratio.name, query) for ratio in chosen},
        {name: rule for name, rule in rules.items() if rule is not None},
        few,
    )


def create_query(
    *,
    community: Community,
    first: date,
    last: date,
    by: Staff,
    at: datetime,
    group: str | None = None,
) -> MetricQuery:
    """Return the days from `first` to `last` of the community, or of the group of a key."""
    permissions.check_community(by, community.pk)
    if group is not None:
        scopes.check_groups(by, [group])
    return MetricQuery(
        community=community,
        by=by,
        at=at,
        first=community_days.from_date(first),
        last=community_days.from_date(last),
        group=group,
        groups=() if group is None else (group,),
    )

"""Metrics: one number per community day, for the community or for a group.

No metric counts people who work here. Staff with a scope get the numbers of the people
they see; facts without a person, such as sales to unknown buyers, are counted only for
staff who see everyone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from qunce.core import community_days, permissions
from qunce.core.staff import scopes
from qunce.insight import metric_definitions
from qunce.insight.metric_definitions import COMMUNITY, GROUP, METRICS
from qunce.insight.metric_query import MetricQuery
from qunce.insight.subjects import activity, members, sales
from qunce.sets import daily_totals

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

DECLARING = (activity, members, sales)
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
    query = _query(community, first, last, by, at)
    names = metric_definitions.list_names(COMMUNITY) if names is None else names
    return {name: METRICS[name].compute(query) for name in names}


def sales_left_out(
    *, community: Community, first: date, last: date, by: Staff, at: datetime
) -> dict[str, int]:
    """Currency → paid amount without an exchange rate, which `paid` does not contain."""
    query = _query(community, first, last, by, at)
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
    query = _query(community, first, last, by, at)
    names = metric_definitions.list_names(GROUP) if names is None else names
    query = replace(query, groups=tuple(groups))
    queries = {key: replace(query, group=key) for key in groups}
    return {
        key: {name: METRICS[name].compute(queries[key]) for name in names}
        for key in groups
    }


def _query(
    community: Community, first: date, last: date, by: Staff, at: datetime
) -> MetricQuery:
    permissions.check_community(by, community.pk)
    return MetricQuery(
        community=community,
        by=by,
        at=at,
        first=community_days.from_date(first),
        last=community_days.from_date(last),
    )

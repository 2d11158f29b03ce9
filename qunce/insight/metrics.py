"""Metrics: one number per community day, for the community or for a group.

Metrics of a group count the people who are in it now. Staff with a scope get the numbers
of the people they see; facts without a person, such as sales to unknown buyers, are
counted only for staff who see everyone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from qunce.core import community_days
from qunce.insight import metric_definitions
from qunce.insight.metric_definitions import COMMUNITY, GROUP, METRICS, declare
from qunce.insight.metric_query import MetricQuery
from qunce.members.clauses import lifecycle
from qunce.sets import daily_totals

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff import scopes
from qunce.core.staff.models import Staff

SALES_KINDS = ("order.paid", "order.amended")
ACTIVITY_KINDS = (
    "order.paid",
    "coupon.redeemed",
    "message.posted",
    "reaction.added",
    "send.clicked",
    "checkin.done",
)
"""What members do themselves. What is done to them, such as a send, is not activity."""


@declare(
    COMMUNITY,
    GROUP,
    label=_("Orders"),
    unit=metric_definitions.ORDERS,
    definition=_(
        "Orders paid that day, including zero-amount orders and orders refunded later."
    ),
)
def orders(query: MetricQuery) -> list[int]:
    return daily_totals.sum_by_day(kinds=["order.paid"], **query.params).counts


@declare(
    COMMUNITY,
    label=_("Buyers"),
    unit=metric_definitions.PEOPLE,
    definition=_("People who paid at least one order that day."),
    additive=False,
)
def buyers(query: MetricQuery) -> list[int]:
    return daily_totals.count_people_by_day(kinds=["order.paid"], **query.params)


@declare(
    COMMUNITY,
    label=_("Paid amount"),
    unit=metric_definitions.MONEY,
    definition=_(
        "The amount paid that day, including later corrections, before "
        "refunds. Other currencies are converted at the exchange rate of that day."
    ),
)
def sales(query: MetricQuery) -> list[int]:
    return daily_totals.sum_by_day(kinds=SALES_KINDS, **query.params).amounts


@declare(
    COMMUNITY,
    label=_("New members"),
    unit=metric_definitions.PEOPLE,
    definition=_(
        "People whose first account joined that day, whether or not they have "
        "left since."
    ),
)
def new_members(query: MetricQuery) -> list[int]:
    return lifecycle.joined_by_day(**query.params)


@declare(
    GROUP,
    label=_("Joins"),
    unit=metric_definitions.TIMES,
    definition=_("How many times people joined the group that day."),
)
def joins(query: MetricQuery) -> list[int]:
    totals = query.load_group_totals("group.joined")
    return query.sum_by_day(totals.days, totals.counts)


@declare(
    GROUP,
    label=_("Leaves"),
    unit=metric_definitions.TIMES,
    definition=_("How many times people left the group or were removed that day."),
)
def leaves(query: MetricQuery) -> list[int]:
    totals = query.load_group_totals("group.left")
    return query.sum_by_day(totals.days, totals.counts)


@declare(
    GROUP,
    label=_("Group members"),
    unit=metric_definitions.PEOPLE,
    definition=_(
        "People in the group at the end of that day, excluding those who "
        "have left the community since. Calculated backwards from the "
        "current group members."
    ),
    additive=False,
)
def members(query: MetricQuery) -> list[int]:
    weights = daily_totals.weights_by_person(
        community=query.community, kind="group", ref=query.group_id, at=query.at
    )
    # Day → person → accounts that joined the group minus accounts that left it.
    changes: dict[int, dict[int, int]] = {}
    for kind, sign in (("group.joined", 1), ("group.left", -1)):
        totals = query.load_group_totals(kind)
        columns = (totals.days, totals.person_ids, sign * totals.counts)
        for day, person, change in zip(*(c.tolist() for c in columns), strict=True):
            by_person = changes.setdefault(day, {})
            by_person[person] = by_person.get(person, 0) + change
    # A person is a member as long as at least one of their accounts is.
    accounts = {person: weights[person] for person in query.group_members}
    size = sum(number > 0 for number in accounts.values())
    sizes: dict[int, int] = {}
    for day in range(max(query.last, *changes, query.first), query.first - 1, -1):
        sizes[day] = size
        for person, change in changes.get(day, {}).items():
            after = accounts.get(person, 0)
            before = after - change
            accounts[person] = before
            size += (before > 0) - (after > 0)
    return [sizes[day] for day in query.days]


@declare(
    GROUP,
    label=_("Active group members"),
    unit=metric_definitions.PEOPLE,
    definition=_(
        "People now in the group who were active that day, anywhere: they "
        "paid, redeemed, posted, reacted, clicked or checked in."
    ),
    additive=False,
)
def active_members(query: MetricQuery) -> list[int]:
    return daily_totals.count_people_by_day(kinds=ACTIVITY_KINDS, **query.params)


# Reads


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
    """Currency → paid amount without an exchange rate, which `sales` does not contain."""
    query = _query(community, first, last, by, at)
    return daily_totals.sum_left_out(kinds=SALES_KINDS, **query.params)


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
    queries = {key: replace(query, group=key) for key in groups}
    return {
        key: {name: METRICS[name].compute(queries[key]) for name in names}
        for key in groups
    }


def _query(
    community: Community, first: date, last: date, by: Staff, at: datetime
) -> MetricQuery:
    return MetricQuery(
        community=community,
        by=by,
        at=at,
        first=community_days.from_date(first),
        last=community_days.from_date(last),
    )

"""Metrics of how many members there are, and who came and went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from qunce.insight import metric_definitions
from qunce.insight.metric_definitions import COMMUNITY, GROUP, Subject, declare
from qunce.members.clauses import lifecycle
from qunce.sets import daily_totals

if TYPE_CHECKING:
    from qunce.insight.metric_query import MetricQuery

SUBJECT = Subject(
    key="members",
    position=1,
    label=_("Members"),
    hint=_("Import your members, or connect a channel."),
)


@declare(
    COMMUNITY,
    GROUP,
    subject=SUBJECT,
    label=_("Members"),
    unit=metric_definitions.PEOPLE,
    definition=_(
        "Everyone who had joined by the end of that day and has not left by then for "
        "good. People who work here are not members."
    ),
    group_label=_("Group members"),
    group_definition=_(
        "Members in the group at the end of that day, excluding those who have left "
        "the community since. Calculated backwards from the current group members."
    ),
    additive=False,
)
def members(query: MetricQuery) -> list[int]:
    if query.group is not None:
        return _group_members(query)
    return lifecycle.present_by_day(**query.params)


def _group_members(query: MetricQuery) -> list[int]:
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
    COMMUNITY,
    subject=SUBJECT,
    label=_("New members"),
    unit=metric_definitions.PEOPLE,
    definition=_(
        "Members whose first account joined that day, whether or not they have "
        "left since."
    ),
    on_today=True,
)
def new_members(query: MetricQuery) -> list[int]:
    return lifecycle.joined_by_day(**query.params)


@declare(
    GROUP,
    subject=SUBJECT,
    label=_("Joins"),
    unit=metric_definitions.TIMES,
    definition=_("How many times members joined the group that day."),
)
def joins(query: MetricQuery) -> list[int]:
    totals = query.load_group_totals("group.joined")
    return query.sum_by_day(totals.days, totals.counts)


@declare(
    GROUP,
    subject=SUBJECT,
    label=_("Leaves"),
    unit=metric_definitions.TIMES,
    definition=_("How many times members left the group or were removed that day."),
)
def leaves(query: MetricQuery) -> list[int]:
    totals = query.load_group_totals("group.left")
    return query.sum_by_day(totals.days, totals.counts)

"""Metrics of how many members there are, and who came and went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from qunce.insight import metric_definitions
from qunce.insight.metric_definitions import (
    COMMUNITY,
    GROUP,
    METRICS,
    Grain,
    Place,
    Ratio,
    Subject,
    declare,
    declare_ratio,
)
from qunce.sets import audiences, daily_totals

if TYPE_CHECKING:
    from qunce.insight.metric_query import MetricQuery

SUBJECT = Subject(
    key="members",
    position=1,
    label=_("Members"),
    hint=_("Import your members, or connect a channel."),
)


def _present_rule(query: MetricQuery) -> dict[str, Any] | None:
    """Of today only: no rule selects the members of an earlier day."""
    if query.last < query.community.day(query.at):
        return None
    if query.group is None:
        return audiences.EVERYONE
    return {"group": {"any": [query.group]}}


@declare(
    COMMUNITY,
    GROUP,
    subject=SUBJECT,
    label=_("Members"),
    unit=metric_definitions.PEOPLE,
    definition=_(
        "Everyone who was in the community at the end of that day. People who work here "
        "are not members."
    ),
    formula="opening_members + new_members + returns − leaves",
    grain=Grain.MOMENT,
    group_label=_("Group members"),
    group_definition=_(
        "Members in the group at the end of that day, excluding those who have left "
        "the community since. Calculated backwards from the current group members."
    ),
    additive=False,
    rule=_present_rule,
    places=(Place.OVERVIEW, Place.GROUPS, Place.GROUP),
)
def members(query: MetricQuery) -> list[int]:
    return _list_sizes(query)[1:]


def _list_sizes(query: MetricQuery) -> list[int]:
    """The numbers of members before the first day, and at the end of each day."""
    if query.group is None:
        return [query.presence.opening, *query.presence.present]
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
    for day in range(max(query.last, *changes, query.first), query.first - 2, -1):
        sizes[day] = size
        for person, change in changes.get(day, {}).items():
            after = accounts.get(person, 0)
            before = after - change
            accounts[person] = before
            size += (before > 0) - (after > 0)
    return [sizes[day] for day in range(query.first - 1, query.last + 1)]


@declare(
    COMMUNITY,
    GROUP,
    subject=SUBJECT,
    label=_("Members at the start"),
    unit=metric_definitions.PEOPLE,
    definition=_("Members at the start of that day; of a span, at its start."),
    formula="members of the day before",
    grain=Grain.MOMENT,
    group_label=_("Group members at the start"),
    group_definition=_(
        "Group members at the start of that day; of a span, at its start."
    ),
    additive=False,
    span=lambda query: METRICS["opening_members"].by_day(query)[0],
    places=(),
)
def opening_members(query: MetricQuery) -> list[int]:
    return _list_sizes(query)[:-1]


@declare(
    COMMUNITY,
    subject=SUBJECT,
    label=_("New members"),
    unit=metric_definitions.PEOPLE,
    definition=_(
        "Members whose first account joined that day, whether or not they have "
        "left since."
    ),
    formula="people whose first account joined",
    rule=lambda query: {"with_left": {"joined": query.window}},
    places=(Place.TODAY, Place.OVERVIEW),
)
def new_members(query: MetricQuery) -> list[int]:
    return query.presence.joined


@declare(
    COMMUNITY,
    subject=SUBJECT,
    label=_("Came back"),
    unit=metric_definitions.TIMES,
    definition=_(
        "How many times members who had left the community with all their accounts "
        "came back that day."
    ),
    formula="people away whose first account has member.rejoined",
    places=(),
)
def returns(query: MetricQuery) -> list[int]:
    return query.presence.returned


@declare(
    GROUP,
    subject=SUBJECT,
    label=_("Joins"),
    unit=metric_definitions.TIMES,
    definition=_("How many times members joined the group that day."),
    formula="number of group.joined",
    places=(Place.GROUPS, Place.GROUP),
)
def joins(query: MetricQuery) -> list[int]:
    totals = query.load_group_totals("group.joined")
    return query.sum_by_day(totals.days, totals.counts)


@declare(
    COMMUNITY,
    GROUP,
    subject=SUBJECT,
    label=_("Left the community"),
    unit=metric_definitions.TIMES,
    definition=_(
        "How many times members left the community that day, with the last of their "
        "accounts."
    ),
    formula="people whose last account has member.left",
    group_label=_("Leaves"),
    group_definition=_(
        "How many times members left the group or were removed that day."
    ),
    places=(Place.OVERVIEW, Place.GROUPS, Place.GROUP),
)
def leaves(query: MetricQuery) -> list[int]:
    if query.group is None:
        return query.presence.left
    totals = query.load_group_totals("group.left")
    return query.sum_by_day(totals.days, totals.counts)


@declare(
    COMMUNITY,
    GROUP,
    subject=SUBJECT,
    label=_("Net growth"),
    unit=metric_definitions.PEOPLE,
    definition=_("New members and those who came back that day, less those who left."),
    formula="new_members + returns − leaves",
    group_definition=_("Joins of that day less leaves."),
    places=(Place.OVERVIEW, Place.GROUPS),
)
def net_growth(query: MetricQuery) -> list[int]:
    if query.group is None:
        changes = query.presence
        came = [a + b for a, b in zip(changes.joined, changes.returned, strict=True)]
    else:
        came = joins(query)
    return [plus - minus for plus, minus in zip(came, leaves(query), strict=True)]


declare_ratio(
    Ratio(
        name="growth_rate",
        label=_("Growth rate"),
        unit=metric_definitions.PERCENT,
        definition=_("Net growth of a span as a share of the members at its start."),
        formula="net_growth ÷ opening_members",
        levels=(COMMUNITY, GROUP),
        subject=SUBJECT,
        places=(Place.OVERVIEW, Place.GROUP),
        numerator="net_growth",
        denominator="opening_members",
        people="opening_members",
    )
)
declare_ratio(
    Ratio(
        name="churn_rate",
        label=_("Churn rate"),
        unit=metric_definitions.PERCENT,
        definition=_("Leaves of a span as a share of the members at its start."),
        formula="leaves ÷ opening_members",
        levels=(COMMUNITY, GROUP),
        subject=SUBJECT,
        places=(Place.OVERVIEW, Place.GROUP),
        numerator="leaves",
        denominator="opening_members",
        people="opening_members",
    )
)

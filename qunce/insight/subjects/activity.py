"""Metrics of what members do themselves. What is done to them, such as a send, is none.

In a group, only what happened in that group counts, whether or not the member is still
in it; of the community, everything counts, wherever it happened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from qunce.insight import metric_definitions
from qunce.insight.metric_definitions import COMMUNITY, GROUP, Subject, declare
from qunce.insight.metric_query import INTERACTION_KINDS, MESSAGE_KINDS
from qunce.sets import daily_totals

if TYPE_CHECKING:
    from qunce.insight.metric_query import MetricQuery

SUBJECT = Subject(
    key="activity",
    position=2,
    label=_("Activity"),
    hint=_(
        "Import what members do in groups, such as messages and check-ins, or report it "
        "through the API."
    ),
)
ACTIVITY_KINDS = ("order.paid", *MESSAGE_KINDS, *INTERACTION_KINDS)


def _count_people(query: MetricQuery, *kinds: str) -> list[int]:
    if query.group is None:
        return daily_totals.count_people_by_day(kinds=kinds, **query.params)
    return query.count_people(query.load_group_totals(*kinds))


def _count_times(query: MetricQuery, *kinds: str) -> list[int]:
    if query.group is None:
        return daily_totals.count_facts_by_day(kinds=kinds, **query.params)
    totals = query.load_group_totals(*kinds)
    return query.sum_by_day(totals.days, totals.counts)


@declare(
    COMMUNITY,
    GROUP,
    subject=SUBJECT,
    label=_("Active members"),
    unit=metric_definitions.PEOPLE,
    definition=_(
        "Members who did something that day, anywhere: they paid, wrote, reacted, "
        "checked in, clicked or redeemed a coupon."
    ),
    group_label=_("Active in the group"),
    group_definition=_(
        "Members who did something in this group that day: they wrote, reacted, "
        "checked in, clicked or redeemed a coupon there."
    ),
    additive=False,
    on_today=True,
)
def active_members(query: MetricQuery) -> list[int]:
    return _count_people(query, *ACTIVITY_KINDS)


@declare(
    COMMUNITY,
    GROUP,
    subject=SUBJECT,
    label=_("Messages"),
    unit=metric_definitions.TIMES,
    definition=_("Messages that members wrote that day, in groups and elsewhere."),
    group_definition=_("Messages that members wrote in this group that day."),
)
def messages(query: MetricQuery) -> list[int]:
    return _count_times(query, *MESSAGE_KINDS)


@declare(
    COMMUNITY,
    GROUP,
    subject=SUBJECT,
    label=_("Members who wrote"),
    unit=metric_definitions.PEOPLE,
    definition=_("Members who wrote at least one message that day."),
    group_definition=_(
        "Members who wrote at least one message in this group that day."
    ),
    additive=False,
)
def speakers(query: MetricQuery) -> list[int]:
    return _count_people(query, *MESSAGE_KINDS)


@declare(
    COMMUNITY,
    GROUP,
    subject=SUBJECT,
    label=_("Interactions"),
    unit=metric_definitions.TIMES,
    definition=_(
        "How often members did anything that day besides writing and paying: "
        "reactions, check-ins, clicks and coupons redeemed."
    ),
    group_definition=_(
        "How often members did anything in this group that day besides writing: "
        "reactions, check-ins, clicks and coupons redeemed."
    ),
)
def interactions(query: MetricQuery) -> list[int]:
    return _count_times(query, *INTERACTION_KINDS)


@declare(
    COMMUNITY,
    GROUP,
    subject=SUBJECT,
    label=_("Members who interacted"),
    unit=metric_definitions.PEOPLE,
    definition=_("Members with at least one interaction that day."),
    group_definition=_("Members with at least one interaction in this group that day."),
    additive=False,
)
def interacting_members(query: MetricQuery) -> list[int]:
    return _count_people(query, *INTERACTION_KINDS)

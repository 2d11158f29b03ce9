"""Metrics of what members do themselves. What is done to them, such as a send, is none.

In a group, only what happened in that group counts, whether or not the member is still
in it; of the community, everything counts, wherever it happened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from django.utils.translation import gettext_lazy as _

from qunce.core.facts import facts
from qunce.insight import metric_definitions
from qunce.insight.metric_definitions import (
    COMMUNITY,
    GROUP,
    Grain,
    Place,
    Ratio,
    Subject,
    declare,
    declare_of_span,
    declare_ratio,
)
from qunce.insight.metric_query import INTERACTION_KINDS, MESSAGE_KINDS
from qunce.sets import audiences, daily_totals, span_totals

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyroaring import BitMap

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
GROUP_ACTIVITY_KINDS = (*MESSAGE_KINDS, *INTERACTION_KINDS)
ACTIVITY_KINDS = ("order.paid", *GROUP_ACTIVITY_KINDS)
WEEK, MONTH = 7, 28


def _count_people(query: MetricQuery, *kinds: str) -> list[int]:
    if query.group is None:
        return daily_totals.count_people_by_day(kinds=kinds, **query.params)
    return query.count_people(query.load_group_totals(*kinds))


def _count_times(query: MetricQuery, *kinds: str) -> list[int]:
    if query.group is None:
        return daily_totals.count_facts_by_day(kinds=kinds, **query.params)
    totals = query.load_group_totals(*kinds)
    return query.sum_by_day(totals.days, totals.counts)


def _did_rule(query: MetricQuery, *kinds: str) -> dict[str, Any]:
    """The rule of people who did something of these kinds, in the group if there is one."""
    where = {"where": {"group": [query.group]}} if query.group is not None else {}
    # A rule cannot name what has never happened anywhere.
    known = [kind for kind in kinds if facts.find_kind(kind) is not None]
    did = [{"did": {"kind": kind, **where, **query.window}} for kind in known]
    return did[0] if len(did) == 1 else {"any": did}


def _did_ever_rule(query: MetricQuery, *kinds: str) -> dict[str, Any]:
    """The same with those who have left since."""
    return {"with_left": _did_rule(query, *kinds)}


def _now_rule(query: MetricQuery) -> dict[str, Any]:
    """The rule of the members of now, of the community or the group."""
    if query.group is None:
        return audiences.EVERYONE
    return {"group": {"any": [query.group]}}


def _acts(query: MetricQuery) -> tuple[str, ...]:
    """What makes a member active. No order is paid in a group."""
    return ACTIVITY_KINDS if query.group is None else GROUP_ACTIVITY_KINDS


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
    formula="people with order.paid, message.posted, reaction.added, checkin.done, "
    "send.clicked or coupon.redeemed",
    group_label=_("Active in the group"),
    group_definition=_(
        "Members who did something in this group that day: they wrote, reacted, "
        "checked in, clicked or redeemed a coupon there."
    ),
    additive=False,
    span=lambda query: len(query.find_people(*_acts(query))),
    rule=lambda query: _did_ever_rule(query, *_acts(query)),
    places=(Place.TODAY, Place.OVERVIEW, Place.GROUPS, Place.GROUP),
)
def active_members(query: MetricQuery) -> list[int]:
    return _count_people(query, *_acts(query))


@declare(
    COMMUNITY,
    subject=SUBJECT,
    label=_("Active in 7 days"),
    unit=metric_definitions.PEOPLE,
    definition=_(
        "Members who were active on at least one of the 7 days up to that day."
    ),
    formula="people of active_members over 7 days, each once",
    grain=Grain.MOMENT,
    additive=False,
    places=(),
)
def active_week(query: MetricQuery) -> list[int]:
    return span_totals.count_people_by_window(
        kinds=ACTIVITY_KINDS, width=WEEK, **query.params
    )


@declare(
    COMMUNITY,
    subject=SUBJECT,
    label=_("Active in 28 days"),
    unit=metric_definitions.PEOPLE,
    definition=_(
        "Members who were active on at least one of the 28 days up to that day."
    ),
    formula="people of active_members over 28 days, each once",
    grain=Grain.MOMENT,
    additive=False,
)
def active_month(query: MetricQuery) -> list[int]:
    return span_totals.count_people_by_window(
        kinds=ACTIVITY_KINDS, width=MONTH, **query.params
    )


@declare(
    COMMUNITY,
    GROUP,
    subject=SUBJECT,
    label=_("Messages"),
    unit=metric_definitions.TIMES,
    definition=_("Messages that members wrote that day, in groups and elsewhere."),
    formula="number of message.posted",
    group_definition=_("Messages that members wrote in this group that day."),
    places=(Place.OVERVIEW, Place.GROUPS, Place.GROUP),
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
    formula="people with message.posted",
    group_definition=_(
        "Members who wrote at least one message in this group that day."
    ),
    additive=False,
    span=lambda query: len(query.find_people(*MESSAGE_KINDS)),
    rule=lambda query: _did_ever_rule(query, *MESSAGE_KINDS),
    places=(Place.OVERVIEW, Place.GROUPS),
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
    formula="number of reaction.added, checkin.done, send.clicked and coupon.redeemed",
    group_definition=_(
        "How often members did anything in this group that day besides writing: "
        "reactions, check-ins, clicks and coupons redeemed."
    ),
    places=(Place.OVERVIEW, Place.GROUPS, Place.GROUP),
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
    formula="people of interactions, each once",
    group_definition=_("Members with at least one interaction in this group that day."),
    additive=False,
    span=lambda query: len(query.find_people(*INTERACTION_KINDS)),
    rule=lambda query: _did_ever_rule(query, *INTERACTION_KINDS),
)
def interacting_members(query: MetricQuery) -> list[int]:
    return _count_people(query, *INTERACTION_KINDS)


# Of a span: who of the members now wrote, who did not, and how much the keenest wrote


def _members_now(query: MetricQuery) -> BitMap:
    if query.group is not None:
        return query.group_members
    return audiences.people(
        community=query.community, rule=_now_rule(query), by=query.by, at=query.at
    )


@declare_of_span(
    COMMUNITY,
    GROUP,
    subject=SUBJECT,
    label=_("Members now"),
    unit=metric_definitions.PEOPLE,
    definition=_("Everyone who is in the community now."),
    formula="speaking_members + silent_members",
    rule=_now_rule,
    group_label=_("Group members now"),
    group_definition=_("Members who are in the group now."),
    places=(Place.GROUPS, Place.GROUP),
)
def members_now(query: MetricQuery) -> int:
    return len(_members_now(query))


@declare_of_span(
    COMMUNITY,
    GROUP,
    subject=SUBJECT,
    label=_("Speaking members"),
    unit=metric_definitions.PEOPLE,
    definition=_(
        "Members of now who wrote at least one message in the span. It differs from the "
        "members who wrote by those who have left."
    ),
    formula="members_now with message.posted",
    rule=lambda query: (
        None if query.group else {"did": {"kind": MESSAGE_KINDS[0], **query.window}}
    ),
    group_definition=_(
        "Members who are in the group now and wrote there at least once in the span."
    ),
)
def speaking_members(query: MetricQuery) -> int:
    speakers = query.find_people(*MESSAGE_KINDS)
    return _members_now(query).intersection_cardinality(speakers)


@declare_of_span(
    COMMUNITY,
    GROUP,
    subject=SUBJECT,
    label=_("Silent members"),
    unit=metric_definitions.PEOPLE,
    definition=_("Members of now who wrote no message in the span."),
    formula="members_now − speaking_members",
    rule=lambda query: {
        "all": [_now_rule(query), {"not": _did_rule(query, *MESSAGE_KINDS)}]
    },
    group_definition=_(
        "Members who are in the group now and wrote nothing there in the span."
    ),
    places=(Place.OVERVIEW, Place.GROUP),
)
def silent_members(query: MetricQuery) -> int:
    return len(_members_now(query) - query.find_people(*MESSAGE_KINDS))


@declare_of_span(
    COMMUNITY,
    GROUP,
    subject=SUBJECT,
    label=_("Messages of the keenest tenth"),
    unit=metric_definitions.TIMES,
    definition=_(
        "Messages of the tenth of those who wrote in the span who wrote the most, rounded "
        "up to whole people."
    ),
    formula="messages of the top ⌈speakers ÷ 10⌉ people",
)
def messages_of_top_tenth(query: MetricQuery) -> int:
    return span_totals.top_tenth(_messages_by_person(query))


@declare_of_span(
    COMMUNITY,
    GROUP,
    subject=SUBJECT,
    label=_("Differences of messages in pairs"),
    unit=metric_definitions.TIMES,
    definition=_(
        "How many messages more the one has written than the other, added up over all "
        "ordered pairs of those who wrote in the span."
    ),
    formula="Σ |messages of a − messages of b| over a and b in speakers",
)
def message_pair_differences(query: MetricQuery) -> int:
    return span_totals.pair_differences(_messages_by_person(query))


@declare_of_span(
    COMMUNITY,
    GROUP,
    subject=SUBJECT,
    label=_("Sums of messages in pairs"),
    unit=metric_definitions.TIMES,
    definition=_(
        "How many messages both have written, added up over all ordered pairs of those "
        "who wrote in the span."
    ),
    formula="2 × speakers × messages",
)
def message_pair_sums(query: MetricQuery) -> int:
    numbers = _messages_by_person(query)
    return 2 * len(numbers) * int(numbers.sum())


def _messages_by_person(query: MetricQuery) -> NDArray[np.int64]:
    """How many messages each of those who wrote in the span has written."""
    if query.group is None:
        return span_totals.count_facts_by_person(kinds=MESSAGE_KINDS, **query.params)
    totals = query.load_group_totals(*MESSAGE_KINDS)
    inside = (totals.days >= query.first) & (totals.days <= query.last)
    # Small numbers instead of ids, so that the sums need no array up to the highest id.
    _people, rows = np.unique(totals.person_ids[inside], return_inverse=True)
    return np.bincount(rows, weights=totals.counts[inside]).astype(np.int64)


declare_ratio(
    Ratio(
        name="stickiness",
        label=_("Stickiness"),
        unit=metric_definitions.PERCENT,
        definition=_(
            "Active members of a day as a share of those of 28 days. Over a span, the "
            "sums of its days are divided."
        ),
        formula="Σ active_members ÷ Σ active_month",
        levels=(COMMUNITY,),
        subject=SUBJECT,
        places=(Place.OVERVIEW,),
        numerator="active_members",
        denominator="active_month",
        people="active_month",
        adds_days=True,
    )
)
declare_ratio(
    Ratio(
        name="active_share",
        label=_("Active share"),
        unit=metric_definitions.PERCENT,
        definition=_(
            "Active members of a span per member of the group now. It can exceed 100 %, as "
            "some of them may have left since."
        ),
        formula="active_members ÷ members_now",
        levels=(GROUP,),
        subject=SUBJECT,
        places=(Place.GROUPS,),
        numerator="active_members",
        denominator="members_now",
        people="members_now",
    )
)
declare_ratio(
    Ratio(
        name="speaking_share",
        label=_("Speaking share"),
        unit=metric_definitions.PERCENT,
        definition=_("The share of the members of now who wrote in the span."),
        formula="speaking_members ÷ members_now",
        levels=(COMMUNITY, GROUP),
        subject=SUBJECT,
        places=(Place.OVERVIEW, Place.GROUP),
        numerator="speaking_members",
        denominator="members_now",
        people="members_now",
    )
)
declare_ratio(
    Ratio(
        name="concentration",
        label=_("Concentration of messages"),
        unit=metric_definitions.PERCENT,
        definition=_(
            "The share of the messages of a span that the keenest tenth of those who "
            "wrote has written. With equal shares it is 10 %."
        ),
        formula="messages_of_top_tenth ÷ messages",
        levels=(COMMUNITY, GROUP),
        subject=SUBJECT,
        places=(Place.OVERVIEW, Place.GROUP),
        numerator="messages_of_top_tenth",
        denominator="messages",
        people="speakers",
    )
)
declare_ratio(
    Ratio(
        name="message_gini",
        label=_("Gini coefficient of messages"),
        unit=metric_definitions.PERCENT,
        definition=_(
            "How unevenly those who wrote in a span have written, all of them and not only "
            "the keenest. At 0 % everyone wrote as much as the others; the closer it is "
            "to 100 %, the fewer people wrote nearly everything."
        ),
        formula="message_pair_differences ÷ message_pair_sums",
        levels=(COMMUNITY, GROUP),
        subject=SUBJECT,
        places=(Place.OVERVIEW, Place.GROUP),
        numerator="message_pair_differences",
        denominator="message_pair_sums",
        people="speakers",
    )
)

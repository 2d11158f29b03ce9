"""Metrics of complaints and after-sales cases, and of how content members are with them.

Cases without a member, and those of people who work here, are in no number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from qunce.insight import metric_definitions
from qunce.insight.metric_definitions import (
    COMMUNITY,
    Ratio,
    Subject,
    declare,
    declare_ratio,
)
from qunce.sets import daily_totals

if TYPE_CHECKING:
    from qunce.insight.metric_query import MetricQuery

SUBJECT = Subject(
    key="complaints",
    position=5,
    label=_("Complaints"),
    hint=_("Raise cases under Groups, Feedback, or connect a channel."),
)


def _count(query: MetricQuery, kind: str) -> list[int]:
    return daily_totals.count_facts_by_day(kinds=[kind], **query.params)


@declare(
    COMMUNITY,
    subject=SUBJECT,
    label=_("Complaints raised"),
    unit=metric_definitions.TIMES,
    definition=_("Complaints and after-sales cases of members that were raised."),
    formula="number of complaint.opened",
)
def complaints_raised(query: MetricQuery) -> list[int]:
    return _count(query, "complaint.opened")


@declare(
    COMMUNITY,
    subject=SUBJECT,
    label=_("Complaints closed"),
    unit=metric_definitions.TIMES,
    definition=_("Cases of members that staff closed, each time they did."),
    formula="number of complaint.closed",
)
def complaints_closed(query: MetricQuery) -> list[int]:
    return _count(query, "complaint.closed")


@declare(
    COMMUNITY,
    subject=SUBJECT,
    label=_("Ratings of closed cases"),
    unit=metric_definitions.TIMES,
    definition=_(
        "How often members said from 1 to 5 how content they are with the end of their "
        "case. They are asked once for each end."
    ),
    formula="number of complaint.rated",
)
def complaint_ratings(query: MetricQuery) -> list[int]:
    return _count(query, "complaint.rated")


@declare(
    COMMUNITY,
    subject=SUBJECT,
    label=_("Good ratings"),
    unit=metric_definitions.TIMES,
    definition=_("Ratings of 4 or 5 of closed cases."),
    formula="number of complaint.rated_well",
    places=(),
)
def good_complaint_ratings(query: MetricQuery) -> list[int]:
    return _count(query, "complaint.rated_well")


declare_ratio(
    Ratio(
        name="complaint_satisfaction",
        label=_("Satisfaction with closed cases"),
        unit=metric_definitions.PERCENT,
        definition=_("Ratings of 4 or 5 as a share of all ratings of closed cases."),
        formula="good_complaint_ratings ÷ complaint_ratings",
        levels=(COMMUNITY,),
        subject=SUBJECT,
        numerator="good_complaint_ratings",
        denominator="complaint_ratings",
        people="complaint_ratings",
    )
)

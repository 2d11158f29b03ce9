"""The metric of scores. How each score is spread is in `qunce.insight.scores`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from qunce.insight import metric_definitions
from qunce.insight.metric_definitions import COMMUNITY, declare_of_span
from qunce.insight.subjects.activity import SUBJECT
from qunce.members.scores import presets
from qunce.sets import audiences

if TYPE_CHECKING:
    from qunce.insight.metric_query import MetricQuery


def _rule(query: MetricQuery) -> dict[str, Any]:
    last = query.window["between"][1]
    return {"score": {"name": presets.ACTIVITY.key, "gt": 0, "on": last}}


@declare_of_span(
    COMMUNITY,
    subject=SUBJECT,
    label=_("Members with an activity score"),
    unit=metric_definitions.PEOPLE,
    definition=_(
        "Members of now whose activity score was above 0 at the end of the span, by the "
        "weights of that day."
    ),
    formula="members_now with score activity > 0",
    rule=_rule,
)
def members_with_activity(query: MetricQuery) -> int:
    return audiences.count(
        community=query.community, rule=_rule(query), by=query.by, at=query.at
    )

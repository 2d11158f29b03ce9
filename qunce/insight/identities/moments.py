"""The same question about the past has the same answer today and next week.

Unless facts came late: then nothing is compared, as the earlier answer did not have them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from qunce.core import community_days, timestamps
from qunce.insight import identities, metric_definitions, metrics
from qunce.insight.identities import Comparison, Question
from qunce.insight.metric_definitions import COMMUNITY
from qunce.sets import late_facts

DAYS = 14


@identities.register(
    "asked again",
    statement=_(
        "The numbers of earlier days are the same whether they are asked for at the start "
        "of today or now, unless facts came late."
    ),
    metrics=tuple(metric_definitions.list_names(COMMUNITY)),
)
def compare_moments(question: Question) -> Iterator[Comparison]:
    community = question.community
    today = community.day(question.at)
    start = community_days.start_of(community.timezone, community.day_start, today)
    params: dict[str, Any] = {
        "community": community,
        "first": community_days.to_date(today - DAYS),
        "last": community_days.to_date(today - 1),
        "by": question.by,
    }
    if late_facts.exist(community=community, since=start):
        return
    then = metrics.compute_for_community(at=timestamps.from_micros(start), **params)
    now = metrics.compute_for_community(at=question.at, **params)
    for name, by_day in now.items():
        for ago, (before, after) in enumerate(
            zip(reversed(then[name]), reversed(by_day), strict=True), start=1
        ):
            day = community_days.to_date(today - ago).isoformat()
            yield Comparison(where=f"{name}, {day}", left=before, right=after)

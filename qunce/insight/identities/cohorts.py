"""Cohorts: those who joined, and the segments behind the numbers of retention."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from qunce.insight import identities, retention
from qunce.insight.identities import Comparison, Question
from qunce.insight.retention import RetentionQuery
from qunce.sets import audiences

WEEKS = 8


@identities.register(
    "cohorts",
    statement=_(
        "The cohorts of those who joined, with everyone who joined before, are all members "
        "and former members; each number of the table is that of its segment."
    ),
)
def compare_cohorts(question: Question) -> Iterator[Comparison]:
    query = RetentionQuery(count=WEEKS)
    table = retention.compute(query=query, by=question.by, at=question.at)
    first = table.cohorts[0].first.isoformat()
    earlier = _count(question, {"with_left": {"joined": {"before": first}}})
    everyone = _count(question, {"with_left": audiences.EVERYONE})
    sizes = sum(cohort.size for cohort in table.cohorts)
    yield Comparison(where=str(_("community")), left=sizes + earlier, right=everyone)
    for index, cohort in enumerate(table.cohorts):
        for period, cell in enumerate(cohort.cells):
            later = table.cohorts[index + period] if period else None
            rule = retention.rule_of(query, cohort, later)
            yield Comparison(
                where=f"{cohort.first.isoformat()} + {period}",
                left=cell.people,
                right=_count(question, rule),
            )


def _count(question: Question, rule: Any) -> int:
    return audiences.count(
        community=question.community, rule=rule, by=question.by, at=question.at
    )

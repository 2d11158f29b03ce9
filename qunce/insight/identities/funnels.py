"""Saved funnels: each step is the segment that says the same."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from qunce.insight import identities
from qunce.insight.funnels import definitions, funnels, results
from qunce.insight.identities import Comparison, Question
from qunce.sets import audiences

MAX_FUNNELS = 20


@identities.register(
    "funnels",
    statement=_(
        "The first step of a funnel has the members who did it in the same time, and each "
        "later step those of its segment."
    ),
)
def compare_steps(question: Question) -> Iterator[Comparison]:
    for funnel in funnels.list_visible(question.by)[:MAX_FUNNELS]:
        result = results.compute(
            definition=funnel.definition, by=question.by, at=question.at
        )
        for number, step in enumerate(result.steps, start=1):
            rule = definitions.rule_of(funnel.definition, number)
            if rule is None:
                continue
            listed = audiences.count(
                community=question.community, rule=rule, by=question.by, at=question.at
            )
            where = f"{funnel.name}: {number}"
            yield Comparison(where=where, left=step.people, right=listed)

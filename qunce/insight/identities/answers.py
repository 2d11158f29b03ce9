"""Conversations and their answers: by what came of them, and by who answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from qunce.insight import identities, metrics
from qunce.insight.identities import Comparison, Question
from qunce.insight.staff_performance import performance

NAMES = ("conversations_opened", "conversations_answered")


@identities.register(
    "answers",
    statement=_(
        "The conversations that members opened are those answered, waiting and unanswered; "
        "the answers of each person add up to those answered."
    ),
    metrics=NAMES,
)
def compare(question: Question) -> Iterator[Comparison]:
    first, last = performance.default_span(question.by, question.at)
    days: dict[str, Any] = {
        "first": first,
        "last": last,
        "by": question.by,
        "at": question.at,
    }
    found = performance.compute(**days)
    counted = metrics.count_span(community=question.community, names=NAMES, **days)
    if found.outcome is None:
        return
    opened, answered = (counted.numbers[name] for name in NAMES)
    outcome = found.outcome
    ways = outcome.answered + outcome.waiting + outcome.unanswered
    yield Comparison(
        where=str(pgettext_lazy("conversations", "opened")), left=opened, right=ways
    )
    yield Comparison(
        where=str(pgettext_lazy("conversations", "answered")),
        left=answered,
        right=outcome.answered,
    )
    by_staff = sum(row.answers.answered for row in found.rows)
    yield Comparison(where=str(_("by staff")), left=answered, right=by_staff)

"""Numbers of people: each is the length of its list, and is never made by adding."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from qunce.core import community_days
from qunce.insight import identities, metric_definitions, metrics
from qunce.insight.identities import Comparison, Question
from qunce.insight.metric_definitions import COMMUNITY, METRICS, Grain
from qunce.sets import audiences

WEEK = 7
SPANS = (1, WEEK, 28)
DISTINCT = ("active_members", "speakers", "interacting_members", "buyers")
"""Metrics of days that count the same people again on the next day."""


def _days(question: Question, ago: int, length: int) -> tuple[date, date]:
    """`length` complete days, the last of them `ago` days before today."""
    last = question.community.day(question.at) - ago
    return community_days.to_date(last - length + 1), community_days.to_date(last)


@identities.register(
    "lists",
    statement=_("A number of people is the length of the list behind it."),
    metrics=tuple(name for name, metric in METRICS.items() if metric.rule),
)
def compare_lists(question: Question) -> Iterator[Comparison]:
    people: dict[str, Any] = {
        "community": question.community,
        "by": question.by,
        "at": question.at,
    }
    for span in SPANS:
        first, last = _days(question, 1, span)
        counted = metrics.count_span(first=first, last=last, **people)
        for name, rule in counted.rules.items():
            listed = audiences.list_ids(rule=rule, **people)
            where = f"{name}, {first.isoformat()} – {last.isoformat()}"
            yield Comparison(where=where, left=counted.numbers[name], right=len(listed))


@identities.register(
    "distinct",
    statement=_(
        "The different people of two weeks are those of both weeks less those in both, "
        "and never more than the sum of the days."
    ),
    metrics=DISTINCT,
)
def compare_weeks(question: Question) -> Iterator[Comparison]:
    params: dict[str, Any] = {
        "community": question.community,
        "by": question.by,
        "at": question.at,
    }
    spans = [
        _days(question, 1, 2 * WEEK),
        _days(question, 1 + WEEK, WEEK),
        _days(question, 1, WEEK),
    ]
    both, earlier, later = (
        metrics.count_span(first=first, last=last, names=DISTINCT, **params)
        for first, last in spans
    )
    by_day = metrics.compute_for_community(
        first=spans[0][0], last=spans[0][1], names=DISTINCT, **params
    )
    for name in DISTINCT:
        overlap = audiences.overlap(
            left=earlier.rules[name], right=later.rules[name], **params
        )
        yield Comparison(
            where=name,
            left=both.numbers[name],
            right=earlier.numbers[name] + later.numbers[name] - overlap.both,
        )
        yield Comparison(
            where=name,
            left=both.numbers[name],
            right=sum(by_day[name]),
            at_most=True,
        )


@identities.register(
    "speaking",
    statement=_("Speaking and silent members are the members of now."),
    metrics=("speaking_members", "silent_members", "members_now"),
)
def compare_speaking(question: Question) -> Iterator[Comparison]:
    for span in SPANS:
        first, last = _days(question, 1, span)
        numbers = metrics.count_span(
            community=question.community,
            first=first,
            last=last,
            by=question.by,
            at=question.at,
            names=("speaking_members", "silent_members", "members_now"),
        ).numbers
        yield Comparison(
            where=f"{first.isoformat()} – {last.isoformat()}",
            left=numbers["speaking_members"] + numbers["silent_members"],
            right=numbers["members_now"],
        )


@identities.register(
    "sums of days",
    statement=_(
        "A number that can be added up is, over a span, the sum of its days; net sales are "
        "the paid less the refunded amount."
    ),
    metrics=tuple(name for name, metric in METRICS.items() if metric.additive),
)
def compare_sums(question: Question) -> Iterator[Comparison]:
    first, last = _days(question, 1, 28)
    params: dict[str, Any] = {
        "community": question.community,
        "by": question.by,
        "at": question.at,
    }
    additive = [
        metric.name
        for metric in metric_definitions.list_all(COMMUNITY)
        if metric.additive and metric.grain is Grain.DAY
    ]
    whole = metrics.count_span(first=first, last=last, names=additive, **params).numbers
    by_day = metrics.compute_for_community(
        first=first, last=last, names=additive, **params
    )
    for name in additive:
        yield Comparison(where=name, left=whole[name], right=sum(by_day[name]))
    net = whole["paid"] - whole["refunded"]
    yield Comparison(where="net_sales", left=net, right=whole["net_sales"])

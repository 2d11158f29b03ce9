"""Ratios and numbers of a span as pages show them, with what they are made of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from qunce.core import money
from qunce.insight import metric_definitions, metrics
from qunce.insight.metric_definitions import (
    COMMUNITY,
    GROUP,
    METRICS,
    Metric,
    Place,
    Ratio,
)
from qunce.insight.metrics import SpanNumbers

if TYPE_CHECKING:
    from qunce.insight.metric_query import MetricQuery

MAX_URL = 4_000
"""Characters of an address that browsers and proxies pass on."""


def members_url(rule: dict[str, Any] | None) -> str:
    """The list of the members that a rule selects; "" where no rule does."""
    if rule is None:
        return ""
    text = json.dumps(rule, ensure_ascii=False, separators=(",", ":"))
    url = f"{reverse('members:list')}?{urlencode({'rule': text})}"
    return url if len(url) < MAX_URL else ""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One number of a ratio; `href` lists the people behind it."""

    label: str
    text: str
    href: str


@dataclass(frozen=True, kw_only=True)
class RatioRow:
    """`parts` are the numerator and the denominator; a number of its own has none."""

    name: str
    label: str
    definition: str
    formula: str
    value: str
    href: str
    previous: str
    parts: tuple[Part, ...]


def ratio_rows(query: MetricQuery, span: int) -> list[RatioRow]:
    """The ratios of the last `span` complete days, compared with the days before.

    `query` is that of `period_comparison`, which has both and today.
    """
    level, place = COMMUNITY, Place.OVERVIEW
    if query.group is not None:
        level, place = GROUP, Place.GROUP
    known: list[Metric | Ratio] = [
        *metric_definitions.list_ratios(level),
        *metric_definitions.list_all(level),
    ]
    entries = [entry for entry in known if place in entry.places and _is_of_span(entry)]
    names = [
        name
        for entry in entries
        for name in (entry.name, *(_parts(entry) if isinstance(entry, Ratio) else ()))
    ]
    current, previous = (
        metrics.count_span_of(
            query.narrowed(query.last - ago, query.last - ago + span - 1), names
        )
        for ago in (span, 2 * span)
    )
    rows = _rows(entries, current, previous, level, query.community.currency)
    return sorted(rows, key=lambda row: _position(row.name))


def _is_of_span(entry: Metric | Ratio) -> bool:
    return isinstance(entry, Ratio) or entry.compute is None


def _parts(ratio: Ratio) -> tuple[str, str]:
    return ratio.numerator, ratio.denominator


def _position(name: str) -> int:
    entry: Metric | Ratio = metric_definitions.RATIOS.get(name) or METRICS[name]
    return entry.subject.position


def _rows(
    entries: list[Metric | Ratio],
    current: SpanNumbers,
    previous: SpanNumbers,
    level: str,
    currency: str,
) -> Iterator[RatioRow]:
    for entry in entries:
        if isinstance(entry, Ratio):
            value = current.ratios[entry.name]
            numbers = (value.numerator, value.denominator)
            parts = tuple(
                _part(name, number, current, level, currency, adds_days=entry.adds_days)
                for name, number in zip(_parts(entry), numbers, strict=True)
            )
            text, before, href = value.text, previous.ratios[entry.name].text, ""
        else:
            text, before = (_number(entry.name, each) for each in (current, previous))
            parts, href = (), _href(entry.name, current)
        yield RatioRow(
            name=entry.name,
            label=entry.label_for(level),
            definition=entry.definition_for(level),
            formula=entry.formula,
            value=text,
            href=href,
            previous=before,
            parts=parts,
        )


def _number(name: str, counted: SpanNumbers) -> str:
    if name in counted.not_enough:
        return _("not enough to say")
    return f"{counted.numbers[name]:,}"


def _part(
    name: str,
    number: int,
    counted: SpanNumbers,
    level: str,
    currency: str,
    *,
    adds_days: bool,
) -> Part:
    metric = METRICS[name]
    label = metric.label_for(level)
    return Part(
        label=_("%(metric)s, day by day") % {"metric": label} if adds_days else label,
        text=money.format_with_currency(number, currency)
        if metric.is_money
        else f"{number:,}".replace("-", "\N{MINUS SIGN}"),
        # The sum of days counts people again, so no list is as long.
        href="" if adds_days else _href(name, counted),
    )


def _href(name: str, counted: SpanNumbers) -> str:
    return members_url(counted.rules.get(name)) if counted.numbers.get(name) else ""

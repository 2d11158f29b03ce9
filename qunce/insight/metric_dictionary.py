"""The dictionary as rows: what the API, the command line and the reference page list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from qunce.insight import identities, metric_definitions
from qunce.insight.metric_definitions import (
    METRICS,
    RATIOS,
    Grain,
    Metric,
    MetricNotFound,
    Place,
    Ratio,
)
from qunce.insight.metrics import SpanNumbers


def list_entries(level: str) -> list[Metric | Ratio]:
    """Metrics and ratios by subject; within one, the metrics first."""
    entries: list[Metric | Ratio] = [
        *metric_definitions.list_all(level),
        *metric_definitions.list_ratios(level),
    ]
    return sorted(entries, key=lambda entry: entry.subject.position)


def find(name: str) -> Metric | Ratio | None:
    return METRICS.get(name) or RATIOS.get(name)


def check_names(names: Iterable[str], level: str) -> None:
    """Raise MetricNotFound for a name that is no metric and no ratio at this level."""
    known = {entry.name for entry in list_entries(level)}
    for name in names:
        if name not in known:
            raise MetricNotFound(_("There is no metric “%(key)s”.") % {"key": name})


def describe(entry: Metric | Ratio, level: str, currency: str = "") -> dict[str, Any]:
    """Everything about a metric or a ratio, with labels of the current language."""
    if isinstance(entry, Ratio):
        parts: dict[str, Any] = {
            "grain": Grain.SPAN.value,
            "additive": False,
            "numerator": entry.numerator,
            "denominator": entry.denominator,
        }
    else:
        parts = {
            "grain": entry.grain.value,
            "additive": entry.additive,
            "numerator": None,
            "denominator": None,
        }
    return {
        "name": entry.name,
        "level": level,
        "label": entry.label_for(level),
        "definition": entry.definition_for(level),
        "formula": entry.formula,
        "unit": (currency or _("money")) if entry.is_money else str(entry.unit),
        **parts,
        "shown_on": [place.value for place in list_places(entry, level)],
        "agrees_with": [str(each.statement) for each in list_identities(entry)],
    }


def list_places(entry: Metric | Ratio, level: str) -> list[Place]:
    """The pages that show the number at a level."""
    of_groups = (Place.GROUPS, Place.GROUP)
    return [
        place
        for place in entry.places
        if (place in of_groups) == (level == metric_definitions.GROUP)
    ]


def list_identities(entry: Metric | Ratio) -> list[identities.Identity]:
    """The identities in which a metric, or a part of a ratio, takes part."""
    names = (
        (entry.numerator, entry.denominator)
        if isinstance(entry, Ratio)
        else (entry.name,)
    )
    found = (each for name in names for each in identities.list_of(name))
    return list(dict.fromkeys(found))


def describe_span(counted: SpanNumbers) -> dict[str, Any]:
    """The numbers of a span, and each ratio as its two numbers.

    A number is None if there are too few cases to say it.
    """
    numbers = {**counted.numbers, **dict.fromkeys(counted.not_enough)}
    return {
        "metrics": [
            {"name": name, "value": number, "rule": counted.rules.get(name)}
            for name, number in numbers.items()
        ],
        "ratios": [
            {
                "name": name,
                "numerator": value.numerator,
                "denominator": value.denominator,
                "is_enough": value.is_enough,
                "text": value.text,
            }
            for name, value in counted.ratios.items()
        ],
    }

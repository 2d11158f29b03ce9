"""The registry of metrics: each has one name, one label, one unit and one definition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from qunce.insight.metric_query import MetricQuery

Compute = Callable[["MetricQuery"], list[int]]
"""Returns one number per day of the query."""

PEOPLE = _("people")
TIMES = _("times")
ORDERS = pgettext_lazy("unit", "orders")
MONEY = ""
"""The unit is the community's currency, and numbers are in its smallest unit."""

COMMUNITY, GROUP = "community", "group"
"""What a metric can be computed for."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """`additive` is false if days must not be added up, as they count the same people."""

    name: str
    label: StrOrPromise
    unit: StrOrPromise
    definition: StrOrPromise
    levels: tuple[str, ...]
    additive: bool
    compute: Compute


METRICS: dict[str, Metric] = {}
"""All metrics by name, in the order of their declaration."""


def declare(
    *levels: str,
    label: StrOrPromise,
    unit: StrOrPromise,
    definition: StrOrPromise,
    additive: bool = True,
) -> Callable[[Compute], Compute]:
    """Declare the decorated function as a metric of the same name."""

    def add(compute: Compute) -> Compute:
        METRICS[compute.__name__] = Metric(
            name=compute.__name__,
            label=label,
            unit=unit,
            definition=definition,
            levels=levels,
            additive=additive,
            compute=compute,
        )
        return compute

    return add


def list_names(level: str) -> list[str]:
    return [metric.name for metric in METRICS.values() if level in metric.levels]

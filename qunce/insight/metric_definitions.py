"""The registry of metrics: each has one name, one label, one unit and one definition.

Every number that the console, the command line, the API and exports show under such a
name is computed by it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from qunce.core import errors

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
class Subject:
    """What some metrics are about; `hint` is what to do so that there are numbers.

    Pages list the subjects by `position`.
    """

    key: str
    position: int
    label: StrOrPromise
    hint: StrOrPromise


@dataclass(frozen=True, kw_only=True)
class Metric:
    """`additive` is false if days must not be added up, as they count the same people.

    `group_label` and `group_definition` say what differs for a group. Today shows
    yesterday's number of those `on_today`.
    """

    name: str
    label: StrOrPromise
    unit: StrOrPromise
    definition: StrOrPromise
    levels: tuple[str, ...]
    subject: Subject
    additive: bool
    compute: Compute
    group_label: StrOrPromise = ""
    group_definition: StrOrPromise = ""
    on_today: bool = False

    @property
    def is_money(self) -> bool:
        return self.unit == MONEY

    def label_for(self, level: str) -> str:
        return str(self.group_label if level == GROUP else "") or str(self.label)

    def definition_for(self, level: str) -> str:
        text = self.group_definition if level == GROUP else ""
        return str(text) or str(self.definition)


class MetricNotFound(errors.NotFound):
    """There is no such metric of a community, or of a group."""


METRICS: dict[str, Metric] = {}
"""All metrics by name."""


def declare(
    *levels: str,
    subject: Subject,
    label: StrOrPromise,
    unit: StrOrPromise,
    definition: StrOrPromise,
    additive: bool = True,
    group_label: StrOrPromise = "",
    group_definition: StrOrPromise = "",
    on_today: bool = False,
) -> Callable[[Compute], Compute]:
    """Declare the decorated function as a metric of the same name."""

    def add(compute: Compute) -> Compute:
        METRICS[compute.__name__] = Metric(
            name=compute.__name__,
            label=label,
            unit=unit,
            definition=definition,
            levels=levels,
            subject=subject,
            additive=additive,
            compute=compute,
            group_label=group_label,
            group_definition=group_definition,
            on_today=on_today,
        )
        return compute

    return add


def get(name: str, level: str) -> Metric:
    metric = METRICS.get(name)
    if metric is None or level not in metric.levels:
        raise MetricNotFound(gettext("There is no metric “%(key)s”.") % {"key": name})
    return metric


def list_names(level: str) -> list[str]:
    metrics = sorted(METRICS.values(), key=lambda metric: metric.subject.position)
    return [metric.name for metric in metrics if level in metric.levels]

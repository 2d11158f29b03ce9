"""The dictionary of metrics: each has one name, one label, one unit and one definition.

Every number that the console, the command line, the API and exports show under such a
name is computed by it. A ratio is two of these numbers, so that it is never averaged.
What must agree with what is in `qunce.insight.identities`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import TextChoices
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from qunce.core import errors

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from qunce.insight.metric_query import MetricQuery

Compute = Callable[["MetricQuery"], list[int]]
"""Returns one number per day of the query."""
CountSpan = Callable[["MetricQuery"], int]
"""Returns the number of the query's whole span."""
MakeRule = Callable[["MetricQuery"], dict[str, Any] | None]
"""Returns the rule of the people whom the number of the span counts; None without one."""

PEOPLE = _("people")
TIMES = _("times")
SECONDS = pgettext_lazy("unit", "seconds")
ORDERS = pgettext_lazy("unit", "orders")
MONEY = ""
"""The unit is the community's currency, and numbers are in its smallest unit."""
PERCENT = "%"

COMMUNITY, GROUP = "community", "group"
"""What a metric can be computed for."""


class Grain(TextChoices):
    """What of time one number is about."""

    DAY = "day", pgettext_lazy("grain", "a day, and a span of days")
    MOMENT = (
        "moment",
        pgettext_lazy("grain", "the moment at which a day begins or ends"),
    )
    SPAN = "span", pgettext_lazy("grain", "a span of days as a whole")


class Place(TextChoices):
    """The pages that show a number, beside the API and the command line."""

    TODAY = "today", _("Today")
    OVERVIEW = "overview", pgettext_lazy("page", "Insight")
    GROUPS = "groups", _("Groups compared")
    GROUP = "group", _("page of a group")
    ORDERS = "orders", _("Orders")
    STAFF = "staff", _("Staff performance")


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
class _Entry:
    """What metrics and ratios have in common.

    `group_label` and `group_definition` say what differs for a group. `formula` is
    written with the names of metrics and kinds of facts.
    """

    name: str
    label: StrOrPromise
    unit: StrOrPromise
    definition: StrOrPromise
    formula: str
    levels: tuple[str, ...]
    subject: Subject
    places: tuple[Place, ...] = ()
    group_label: StrOrPromise = ""
    group_definition: StrOrPromise = ""

    @property
    def is_money(self) -> bool:
        return self.unit == MONEY

    def label_for(self, level: str) -> str:
        return str(self.group_label if level == GROUP else "") or str(self.label)

    def definition_for(self, level: str) -> str:
        text = self.group_definition if level == GROUP else ""
        return str(text) or str(self.definition)


@dataclass(frozen=True, kw_only=True)
class Metric(_Entry):
    """A whole number, of each day or only of a span.

    `additive` is false if days must not be added up, as they count the same people. Such
    a number has a `span` function of its own. `rule` selects the people whom the number
    of a span counts. `cases` is the metric that says of how many cases a median is; with
    fewer than `small_numbers.MIN_PEOPLE` there is no number.
    """

    grain: Grain
    additive: bool
    compute: Compute | None
    span: CountSpan | None = None
    rule: MakeRule | None = None
    cases: str = ""

    @property
    def on_today(self) -> bool:
        return Place.TODAY in self.places

    def by_day(self, query: MetricQuery) -> list[int]:
        if self.compute is None:
            raise ValueError(f"{self.name} has no numbers of days")
        if self.name not in query.numbers:
            query.numbers[self.name] = self._compute(query, self.compute)
        return query.numbers[self.name]

    def _compute(self, query: MetricQuery, compute: Compute) -> list[int]:
        if query.wide is None:
            return compute(query)
        # The number of a day is the same in every span that has the day.
        start = query.first - query.wide.first
        return self.by_day(query.wide)[start : start + len(query.days)]

    def over_span(self, query: MetricQuery) -> int:
        """The number of the whole span; of a moment it is that of the last day."""
        if self.name not in query.span_numbers:
            query.span_numbers[self.name] = self._count_span(query)
        return query.span_numbers[self.name]

    def _count_span(self, query: MetricQuery) -> int:
        if self.span is not None:
            return self.span(query)
        numbers = self.by_day(query)
        return sum(numbers) if self.additive else numbers[-1]


@dataclass(frozen=True, kw_only=True)
class Ratio(_Entry):
    """One metric divided by another.

    Over a span it is the ratio of the two numbers of the span or, if `adds_days`, of the
    sums of their days. `people` is the metric that says of how many people it is; with
    fewer than `small_numbers.MIN_PEOPLE` there is no ratio. An average of money has none.
    """

    numerator: str
    denominator: str
    people: str = ""
    adds_days: bool = False


class MetricNotFound(errors.NotFound):
    """There is no such metric of a community, or of a group."""


METRICS: dict[str, Metric] = {}
"""All metrics by name."""
RATIOS: dict[str, Ratio] = {}
"""All ratios by name."""


def declare(
    *levels: str,
    subject: Subject,
    label: StrOrPromise,
    unit: StrOrPromise,
    definition: StrOrPromise,
    formula: str,
    grain: Grain = Grain.DAY,
    additive: bool = True,
    span: CountSpan | None = None,
    rule: MakeRule | None = None,
    places: tuple[Place, ...] = (Place.OVERVIEW,),
    group_label: StrOrPromise = "",
    group_definition: StrOrPromise = "",
) -> Callable[[Compute], Compute]:
    """Declare the decorated function as a metric of the same name."""

    def add(compute: Compute) -> Compute:
        METRICS[compute.__name__] = Metric(
            name=compute.__name__,
            label=label,
            unit=unit,
            definition=definition,
            formula=formula,
            levels=levels,
            subject=subject,
            grain=grain,
            additive=additive,
            compute=compute,
            span=span,
            rule=rule,
            places=places,
            group_label=group_label,
            group_definition=group_definition,
        )
        return compute

    return add


def declare_of_span(
    *levels: str,
    subject: Subject,
    label: StrOrPromise,
    unit: StrOrPromise,
    definition: StrOrPromise,
    formula: str,
    rule: MakeRule | None = None,
    cases: str = "",
    places: tuple[Place, ...] = (),
    group_label: StrOrPromise = "",
    group_definition: StrOrPromise = "",
) -> Callable[[CountSpan], CountSpan]:
    """Declare the decorated function as a metric that only spans have."""

    def add(span: CountSpan) -> CountSpan:
        METRICS[span.__name__] = Metric(
            name=span.__name__,
            label=label,
            unit=unit,
            definition=definition,
            formula=formula,
            levels=levels,
            subject=subject,
            grain=Grain.SPAN,
            additive=False,
            compute=None,
            span=span,
            rule=rule,
            cases=cases,
            places=places,
            group_label=group_label,
            group_definition=group_definition,
        )
        return span

    return add


def declare_ratio(ratio: Ratio) -> None:
    RATIOS[ratio.name] = ratio


def get(name: str, level: str) -> Metric:
    """Raises MetricNotFound if there is no such metric with numbers of days."""
    if name not in list_names(level):
        raise MetricNotFound(gettext("There is no metric “%(key)s”.") % {"key": name})
    return METRICS[name]


def list_names(level: str) -> list[str]:
    """The metrics that have a number of each day, by subject."""
    return [metric.name for metric in list_all(level) if metric.grain is not Grain.SPAN]


def list_all(level: str) -> list[Metric]:
    metrics = sorted(METRICS.values(), key=lambda metric: metric.subject.position)
    return [metric for metric in metrics if level in metric.levels]


def list_ratios(level: str) -> list[Ratio]:
    ratios = sorted(RATIOS.values(), key=lambda ratio: ratio.subject.position)
    return [ratio for ratio in ratios if level in ratio.levels]

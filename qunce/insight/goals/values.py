"""The numbers of a goal: what pages show of its metric, with typed ones marked.

The numbers are those of `metrics`. A group without an API has typed numbers, which stand
in where nothing was measured on a day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from qunce.core import community_days
from qunce.insight import metrics
from qunce.insight.goals.models import Goal
from qunce.insight.metric_definitions import METRICS, Grain, Metric, Ratio
from qunce.insight.typed_numbers import marked_numbers
from qunce.insight.typed_numbers.marked_numbers import MarkedNumber, Origin
from qunce.insight.typed_numbers.models import Field, TypedNumber
from qunce.sets.rules import references

if TYPE_CHECKING:
    from datetime import datetime

    from qunce.core.staff.models import Staff
    from qunce.insight.metric_query import MetricQuery

TYPED: dict[str, tuple[tuple[str, int], ...]] = {
    "members": ((Field.MEMBERS, 1),),
    "joins": ((Field.JOINS, 1),),
    "leaves": ((Field.LEAVES, 1),),
    "messages": ((Field.MESSAGES, 1),),
    "net_growth": ((Field.JOINS, 1), (Field.LEAVES, -1)),
}
"""Metric of a group → the typed numbers that it is made of, each with its sign."""
MAX_POINTS = 31
"""Days of a line whose numbers are counted one by one."""


@dataclass(frozen=True, kw_only=True)
class Value:
    """`number` is None if there are too few people to say."""

    number: Fraction | None
    origin: Origin = Origin.MEASURED

    @property
    def mark(self) -> str:
        """The word beside a typed number; "" for a measured one."""
        return "" if self.origin is Origin.MEASURED else str(self.origin.label)


def grows(entry: Metric | Ratio) -> bool:
    """Whether the number of a span becomes more with its days.

    What happens on days does, also people who are counted once. Sizes and ratios do not.
    """
    return isinstance(entry, Metric) and entry.grain is Grain.DAY


def count(
    goal: Goal, entry: Metric | Ratio, last: date, *, by: Staff, at: datetime
) -> Value:
    """The number of the span from the first day of the goal to `last`."""
    query = _create_query(goal, last, by, at)
    if isinstance(entry, Metric) and _has_typed(goal, entry):
        marked = _mark_days(goal, entry, query)
        # A day without anything measured does not make a typed number a mixed one.
        parts = [each for each in marked if each.value] or marked
        total = marked_numbers.add(parts[-1:] if entry.grain is Grain.MOMENT else parts)
        if total is not None:
            return Value(number=Fraction(total.value), origin=total.origin)
    return Value(number=_count_span(entry, query))


def find_rule(
    goal: Goal, entry: Metric | Ratio, begun: int, *, by: Staff, at: datetime
) -> dict[str, Any] | None:
    """The rule of the members whom the value counts; None where no rule does."""
    if not begun or isinstance(entry, Ratio) or entry.rule is None:
        return None
    return entry.rule(_create_query(goal, goal.first + timedelta(begun - 1), by, at))


def list_line(
    goal: Goal, entry: Metric | Ratio, last: date, *, by: Staff, at: datetime
) -> dict[date, Fraction | None]:
    """Day → the number that the goal had come to on it, up to `last`."""
    query = _create_query(goal, last, by, at)
    days = [community_days.to_date(day) for day in query.days]
    if isinstance(entry, Metric) and (entry.additive or entry.grain is Grain.MOMENT):
        if _has_typed(goal, entry):
            numbers = [each.value for each in _mark_days(goal, entry, query)]
        else:
            numbers = entry.by_day(query)
        if entry.additive:
            numbers = [sum(numbers[: index + 1]) for index in range(len(numbers))]
        return {day: Fraction(n) for day, n in zip(days, numbers, strict=True)}
    # People are counted once, so each point is a span of its own.
    step = -(-len(days) // MAX_POINTS)
    chosen = set(days[::-1][::step])
    return {
        day: _count_span(
            entry, query.narrowed(query.first, community_days.from_date(day))
        )
        for day in days
        if day in chosen
    }


def _create_query(goal: Goal, last: date, by: Staff, at: datetime) -> MetricQuery:
    return metrics.create_query(
        community=goal.community,
        first=goal.first,
        last=last,
        by=by,
        at=at,
        group=goal.group or None,
    )


def _count_span(entry: Metric | Ratio, query: MetricQuery) -> Fraction | None:
    counted = metrics.count_span_of(query, [entry.name])
    if isinstance(entry, Ratio):
        return counted.ratios[entry.name].value
    return Fraction(counted.numbers[entry.name])


# Typed numbers


def _has_typed(goal: Goal, entry: Metric) -> bool:
    return bool(goal.group) and entry.name in TYPED and bool(_load_typed(goal, entry))


def _group_ids(goal: Goal) -> list[int]:
    find_ids = references.get("group").find_ids
    found = find_ids(goal.community, [goal.group]) if find_ids else {}
    return list(dict(found).values())


def _mark_days(goal: Goal, entry: Metric, query: MetricQuery) -> list[MarkedNumber]:
    """One number per day: the measured one, or the typed one where that is 0.

    The size of a group keeps its last typed number until another one is typed.
    """
    typed = _load_typed(goal, entry)
    measured = METRICS[entry.name].by_day(query)
    marked: list[MarkedNumber] = []
    for index, number in enumerate(measured):
        day = goal.first + timedelta(days=index)
        if number == 0 and day in typed:
            marked.append(MarkedNumber(typed[day], Origin.TYPED))
        elif number == 0 and marked and entry.grain is Grain.MOMENT:
            marked.append(marked[-1])
        else:
            marked.append(MarkedNumber(number, Origin.MEASURED))
    return marked


def _load_typed(goal: Goal, entry: Metric) -> Mapping[date, int]:
    """Day → what was typed, on days on which all parts were."""
    signs = dict(TYPED[entry.name])
    rows = TypedNumber.objects.filter(
        community=goal.community,
        group__in=_group_ids(goal),
        day__range=(goal.first, goal.last),
        field__in=list(signs),
        replaced_at__isnull=True,
        value__isnull=False,
    )
    parts: dict[date, dict[str, int]] = {}
    for day, field, value in rows.values_list("day", "field", "value"):
        parts.setdefault(day, {})[field] = value or 0
    return {
        day: sum(signs[field] * value for field, value in own.items())
        for day, own in parts.items()
        if len(own) == len(signs)
    }

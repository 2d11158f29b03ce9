"""The chart of a goal: its value by day, and the pace or the target beside it."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from django.utils.translation import pgettext

from qunce.core import money
from qunce.insight.charts import Figure, Series
from qunce.insight.goals import goals, progress, targets, values
from qunce.insight.goals.models import Goal
from qunce.insight.goals.pace import Standing
from qunce.insight.goals.progress import Progress
from qunce.insight.metric_definitions import Metric, Ratio

if TYPE_CHECKING:
    from datetime import datetime

    from qunce.core.staff.models import Staff


def draw(found: Progress, *, by: Staff, at: datetime) -> Figure | None:
    """The chart, which has the whole span; None before the first day."""
    goal, entry, clock = found.goal, found.entry, found.clock
    if entry is None or not clock.begun or not progress.is_countable(goal, entry):
        return None
    last = goal.first + timedelta(days=clock.begun - 1)
    line = values.list_line(goal, entry, last, by=by, at=at)
    grows = values.grows(entry)
    days = list(line)
    if grows:
        days += [
            goal.first + timedelta(days=index)
            for index in range(clock.begun, clock.days)
        ]
    scale, decimals = _scale_of(goal, entry)
    series = [
        Series(
            label=pgettext("goal", "Value"),
            values=[_scaled(line.get(day), scale) for day in days],
        )
    ]
    if found.standing is not Standing.PARTIAL:
        target = targets.to_number(goal, entry)
        label = pgettext("goal", "Pace") if grows else pgettext("goal", "Target")
        paced = [_pace(goal, target, day) if grows else target for day in days]
        own = [_scaled(number, scale) for number in paced]
        series.append(Series(label=label, values=own))
    return Figure(
        name=f"goal-{goal.pk}",
        title=found.title,
        unit=goal.currency if entry.is_money else str(entry.unit),
        days=days,
        series=series,
        definition=entry.definition_for(goals.level_of(goal)),
        decimals=decimals,
    )


def _pace(goal: Goal, target: Fraction, day: date) -> Fraction:
    """What the value should have come to when a day is over."""
    return target * ((day - goal.first).days + 1) / goals.count_days(goal)


def _scale_of(goal: Goal, entry: Metric | Ratio) -> tuple[Fraction, int]:
    """By what numbers are multiplied for the chart, and their decimals."""
    if entry.is_money:
        places = money.decimal_places(goal.currency)
        return Fraction(1, 10**places), places
    if targets.is_percent(entry):
        return Fraction(100), 1
    return Fraction(1), 0


def _scaled(number: Fraction | None, scale: Fraction) -> float | None:
    return None if number is None else float(number * scale)

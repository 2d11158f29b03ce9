"""Three goals of the coffee brand: one on course, one behind, one that was met.

Their targets are set by what the simulation came to, so that they are so on any day.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from qunce.core import community_days, money
from qunce.demo.coffee.context import Context
from qunce.demo.simulation.texts.positioning import GOALS
from qunce.insight import metrics
from qunce.insight.goals import goals, results
from qunce.insight.goals.models import Goal

if TYPE_CHECKING:
    from datetime import datetime

DAYS = timedelta(days=28)
DAY = timedelta(days=1)


def create(context: Context) -> None:
    """Set the goals on the first of their days; goals that staff have set stay."""
    if Goal.objects.filter(community=context.community).exists():
        return
    today = community_days.to_date(context.community.day(context.at))
    # The second or third week of the four.
    first = today - timedelta(days=14 + today.weekday())
    over = (today - first).days
    for metric, begin, part in (
        ("net_sales", first, 1.1),
        ("new_members", first, 0.75),
        ("buyers", first - DAYS, 1.1),
    ):
        number = _count(context, metric, begin)
        if begin == first:
            number = number * DAYS.days // over
        _set(context, metric, begin, round_down(int(number / part)))
    results.start_day(community=context.community, at=context.at)


def _count(context: Context, metric: str, first: date) -> int:
    """What the metric came to up to yesterday, in whole units of money."""
    today = community_days.to_date(context.community.day(context.at))
    counted = metrics.count_span(
        community=context.community,
        first=first,
        last=min(first + DAYS, today) - DAY,
        by=context.owner,
        at=context.at,
        names=[metric],
    )
    number: int = counted.numbers[metric]
    if metric == "net_sales":
        units: int = 10 ** money.decimal_places(context.community.currency)
        return number // units
    return number


def round_down(number: int) -> int:
    """The first two digits and zeros; at least 1."""
    zeros = 10 ** max(len(str(max(number, 1))) - 2, 0)
    return max(number // zeros * zeros, 1)


def _set(context: Context, metric: str, first: date, target: int) -> None:
    at: datetime = context.at - (
        community_days.to_date(context.community.day(context.at)) - first
    )
    goals.create(
        community=context.community,
        name=GOALS[context.simulation.settings.language][metric],
        metric=metric,
        direction="at_least",
        target=str(target),
        first=first,
        last=first + DAYS - DAY,
        owner=context.staff["manager"],
        by=context.owner,
        at=at,
    )

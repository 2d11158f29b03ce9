"""Three goals of a demo community: one on course, one behind, one that was met.

Their targets are set by what the simulation came to, so that they are so on any day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from qunce.core import community_days, money
from qunce.insight import metrics
from qunce.insight.goals import goals, results
from qunce.insight.goals.models import Goal

if TYPE_CHECKING:
    from datetime import datetime

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

DAYS = timedelta(days=28)
DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`on_course`, `behind` and `met` are metrics; `names` are the names of their goals."""

    on_course: str
    behind: str
    met: str
    names: Mapping[str, str]


def create(
    plan: Plan, *, community: Community, owner: Staff, by: Staff, at: datetime
) -> None:
    """Set the goals on the first of their days; goals that staff have set stay."""
    if Goal.objects.filter(community=community).exists():
        return
    today = community_days.to_date(community.day(at))
    # The second or third week of the four.
    first = today - timedelta(days=14 + today.weekday())
    over = (today - first).days
    for metric, begin, part in (
        (plan.on_course, first, 1.1),
        (plan.behind, first, 0.75),
        (plan.met, first - DAYS, 1.1),
    ):
        last = begin + DAYS - DAY
        number = _count(metric, begin, min(last, today - DAY), by=by, at=at)
        if begin == first:
            number = number * DAYS.days // over
        goals.create(
            community=community,
            name=plan.names[metric],
            metric=metric,
            direction="at_least",
            target=str(round_down(int(number / part))),
            first=begin,
            last=last,
            owner=owner,
            by=by,
            at=at - (today - begin),
        )
    results.start_day(community=community, at=at)


def _count(metric: str, first: date, last: date, *, by: Staff, at: datetime) -> int:
    """What the metric came to, in whole units of money."""
    counted = metrics.count_span(
        community=by.community, first=first, last=last, by=by, at=at, names=[metric]
    )
    number: int = counted.numbers[metric]
    if metric == "net_sales":
        units: int = 10 ** money.decimal_places(by.community.currency)
        return number // units
    return number


def round_down(number: int) -> int:
    """The first two digits and zeros; at least 1."""
    zeros: int = 10 ** max(len(str(max(number, 1))) - 2, 0)
    return max(number // zeros * zeros, 1)

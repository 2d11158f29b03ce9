"""Peak hours: when members write and act, by weekday and hour of the community's clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

import numpy as np
from django.utils.translation import gettext_lazy as _

from qunce.core import community_days, permissions
from qunce.core.staff import scopes
from qunce.insight.metric_query import INTERACTION_KINDS, MESSAGE_KINDS
from qunce.sets import audiences, daily_totals, hourly_activity

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

DEFAULT_SPAN = 28
MAX_SPAN = 366
HOURS_PER_DAY = hourly_activity.HOURS
SUBJECTS: dict[str, tuple[StrOrPromise, tuple[str, ...]]] = {
    "messages": (_("Messages"), MESSAGE_KINDS),
    "activity": (_("Messages and interactions"), (*MESSAGE_KINDS, *INTERACTION_KINDS)),
    "orders": (_("Paid orders"), ("order.paid",)),
}
"""What can be counted: label and kinds of facts."""
DEFINITION = _(
    "How often it happened on these days, by weekday and hour of the community's clock. A "
    "row is a community day: what happens after midnight and before the start of day "
    "belongs to the day before. People who work here are not counted."
)


@dataclass(frozen=True, kw_only=True)
class PeakHours:
    """`counts` has a row per weekday from Monday, a column per hour of `hours`."""

    subject: str
    first: date
    last: date
    hours: tuple[int, ...]
    counts: tuple[tuple[int, ...], ...]

    @property
    def total(self) -> int:
        return sum(map(sum, self.counts))

    @property
    def highest(self) -> int:
        return max(map(max, self.counts))

    @property
    def peaks(self) -> list[tuple[int, int, int]]:
        """The three busiest cells as weekday, hour and number, the busiest first."""
        cells = [
            (weekday, hour, number)
            for weekday, row in enumerate(self.counts)
            for hour, number in zip(self.hours, row, strict=True)
            if number
        ]
        return sorted(cells, key=lambda cell: -cell[2])[:3]

    @property
    def by_hour(self) -> list[int]:
        return [sum(column) for column in zip(*self.counts, strict=True)]


def count(
    *,
    community: Community,
    by: Staff,
    at: datetime,
    subject: str = "messages",
    group: str | None = None,
    span: int = DEFAULT_SPAN,
) -> PeakHours:
    """Count the last `span` complete days of the community, or of the group of a key.

    The hours begin with that in which the community's days begin.
    """
    permissions.check_community(by, community.pk)
    if group is not None:
        scopes.check_groups(by, [group])
    among = None
    if by.scope is not None:
        rule = {"with_left": audiences.EVERYONE}
        among = audiences.people(community=community, rule=rule, by=by, at=at)
    today = community.day(at)
    week = hourly_activity.count_by_weekday_and_hour(
        community=community,
        kinds=SUBJECTS[subject][1],
        first=today - span,
        last=today - 1,
        at=at,
        group=None if group is None else daily_totals.get_group_id(community, group),
        among=among,
    )
    start = community.day_start // 60
    hours = tuple((start + index) % HOURS_PER_DAY for index in range(HOURS_PER_DAY))
    return PeakHours(
        subject=subject,
        first=community_days.to_date(today - span),
        last=community_days.to_date(today - 1),
        hours=hours,
        counts=tuple(tuple(row) for row in np.roll(week, -start, axis=1).tolist()),
    )

"""The hours at which a group is most active, from the messages of its members."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from qunce.core import json_values
from qunce.core.staff.models import Staff
from qunce.groups import visibility as group_visibility
from qunce.sets import audiences, hourly_activity

if TYPE_CHECKING:
    from numpy.typing import NDArray

KINDS = ("message.posted",)
DAYS = 28
MIN_MESSAGES = 100
"""With fewer messages nothing is suggested: a single talk would decide."""
SUGGESTED = 2
CACHE_AGE, MAX_CACHED = timedelta(minutes=10), 20


@dataclass(frozen=True)
class BestHours:
    """`hours` are the most active ones, and empty if there are fewer than MIN_MESSAGES.

    `messages` is how many there were in `days` complete days, `counts` those by hour.
    """

    hours: tuple[int, ...]
    messages: int
    counts: tuple[int, ...] = ()
    days: int = DAYS


NOTHING = BestHours((), 0, (0,) * hourly_activity.HOURS)


def suggest(counts: NDArray[np.int64]) -> BestHours:
    """The busiest hours of counts by hour; of equal ones the earlier."""
    total = int(counts.sum())
    shown = tuple(int(n) for n in counts)
    if total < MIN_MESSAGES:
        return BestHours((), total, shown)
    order = sorted(range(len(shown)), key=lambda hour: (-shown[hour], hour))
    return BestHours(tuple(sorted(order[:SUGGESTED])), total, shown)


@dataclass(frozen=True)
class Suggestions:
    by_group: Mapping[int, BestHours]
    overall: BestHours

    def of(self, group: int) -> BestHours:
        return self.by_group.get(group, NOTHING)


_cached: dict[Hashable, tuple[datetime, Mapping[int, NDArray[np.int64]]]] = {}


def load(*, by: Staff, at: datetime) -> Suggestions:
    """Best hours of each group that `by` sees, and of all of them together.

    They are those of complete days, and may be CACHE_AGE old.
    """
    counts = _counts(by, at)
    visible = set(group_visibility.list_visible(by).values_list("pk", flat=True))
    seen = {group: row for group, row in counts.items() if group in visible}
    total = np.zeros(hourly_activity.HOURS, dtype=np.int64)
    for row in seen.values():
        total = total + row
    return Suggestions(
        {group: suggest(row) for group, row in seen.items()}, suggest(total)
    )


def _counts(by: Staff, at: datetime) -> Mapping[int, NDArray[np.int64]]:
    community = by.community
    scope = None if by.scope is None else json_values.dump_exactly(by.scope)
    key = (community.pk, community.created_at, scope, community.day(at))
    known = _cached.get(key)
    if known is not None and timedelta() <= at - known[0] < CACHE_AGE:
        return known[1]
    among = None
    if by.scope is not None:
        among = audiences.people(
            community=community, rule={"with_left": audiences.EVERYONE}, by=by, at=at
        )
    counts = hourly_activity.count_by_hour(
        community=community, kinds=KINDS, days=DAYS, at=at, among=among
    )
    while len(_cached) >= MAX_CACHED:
        _cached.pop(next(iter(_cached)), None)
    _cached[key] = (at, counts)
    return counts

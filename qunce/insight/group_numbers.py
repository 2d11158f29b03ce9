"""The numbers by which groups are compared: size, activity, last message, growth.

They are those of the metrics of the same names; only the size is of this moment.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from qunce.core import community_days, json_values, number_arrays, revisions, timestamps
from qunce.core.staff.models import Staff
from qunce.insight.metric_query import INTERACTION_KINDS, MESSAGE_KINDS
from qunce.sets import audiences, group_activity, set_sizes
from qunce.sets.bitmaps import staff_accounts
from qunce.sets.mirror import mirror

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.sets.group_activity import GroupActivity

GROUP_MARKS = "group"
"""The kind of marks that memberships are."""
ACTIVE_DAYS = 7
GROWTH_DAYS = 28
CACHE_AGE = timedelta(minutes=1)
MAX_CACHED = 20
LARGE = 20_000
"""Rows from which the numbers may be CACHE_AGE old."""


@dataclass(frozen=True)
class GroupNumbers:
    """`active` are members who did something in the group on the last 7 days, today too.

    `joins` and `leaves` are those of the last 28 complete days, `last_message_at` is the
    time of the last message since then.
    """

    size: int
    active: int = 0
    last_message_at: datetime | None = None
    joins: int = 0
    leaves: int = 0

    @property
    def growth(self) -> int:
        return self.joins - self.leaves

    @property
    def share_active(self) -> int | None:
        """In per cent of the size."""
        return round(100 * self.active / self.size) if self.size else None


def load(
    *, by: Staff, group_ids: Sequence[int], at: datetime
) -> dict[int, GroupNumbers]:
    """Group → its numbers, of the members whom `by` sees.

    In a large community all but the sizes may be a minute old, so that a list can be
    sorted without reading the facts of all groups again.
    """
    sizes = set_sizes.count_by_ref(
        community=by.community, kind=GROUP_MARKS, refs=group_ids, by=by, at=at
    )
    recent = _load_recent(by, at)
    return {
        group: GroupNumbers(sizes[group], *recent.get(group, ())) for group in group_ids
    }


LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
ORDERS: dict[str, Callable[[GroupNumbers], Any]] = {
    "size": lambda numbers: numbers.size,
    "active": lambda numbers: numbers.active,
    "message": lambda numbers: numbers.last_message_at or LONG_AGO,
    "growth": lambda numbers: numbers.growth,
    "name": lambda numbers: 0,
}
"""What groups can be sorted by, the highest number first."""


def sort(
    names: Mapping[int, str], numbers: Mapping[int, GroupNumbers], *, order: str
) -> list[int]:
    """Return the groups in an order; groups without members come last, by name."""
    by_name = sorted(names, key=lambda pk: (names[pk], pk))
    key = ORDERS[order]
    # Sorted twice, as the second sort keeps the names in order within equal numbers.
    by_number = sorted(by_name, key=lambda pk: key(numbers[pk]), reverse=True)
    return [
        *(pk for pk in by_number if numbers[pk].size),
        *(pk for pk in by_name if not numbers[pk].size),
    ]


Recent = dict[int, tuple[int, datetime | None, int, int]]
"""Group → active members, last message, joins and leaves."""


@dataclass(frozen=True)
class _Cached:
    """`version` is that of the facts and of who works here."""

    recent: Recent
    version: Hashable
    at: datetime
    is_large: bool


_cached: dict[Hashable, _Cached] = {}


def _load_recent(by: Staff, at: datetime) -> Recent:
    community = by.community
    scope = json_values.dump_exactly(by.scope) if by.scope is not None else None
    key = (community.pk, community.created_at, scope, community.day(at))
    staff = revisions.read(community.pk, [staff_accounts.KEY])
    version = (mirror.position(), tuple(staff.values()))
    cached = _cached.get(key)
    if cached is not None:
        # Where counting again takes long, the numbers need not have the latest fact.
        is_young = timedelta() <= at - cached.at < CACHE_AGE
        if cached.version == version or (cached.is_large and is_young):
            return cached.recent
    among: BitMap | None = None
    if by.scope is not None:
        among = audiences.people(
            community=community, rule={"with_left": audiences.EVERYONE}, by=by, at=at
        )
    activity = group_activity.load(
        community=community,
        acts=(*MESSAGE_KINDS, *INTERACTION_KINDS),
        messages=MESSAGE_KINDS,
        days=GROWTH_DAYS,
        at=at,
        among=among,
    )
    recent = _add_up(activity, since=_start_of_active_days(by, at))
    while len(_cached) >= MAX_CACHED:
        _cached.pop(next(iter(_cached)), None)
    is_large = len(activity.group_ids) > LARGE
    _cached[key] = _Cached(recent, version, at, is_large)
    return recent


def _start_of_active_days(by: Staff, at: datetime) -> int:
    community = by.community
    first = community.day(at) - ACTIVE_DAYS + 1
    return community_days.start_of(community.timezone, community.day_start, first)


def _add_up(activity: GroupActivity, *, since: int) -> Recent:
    recent: Recent = {}
    order = np.argsort(activity.group_ids, kind="stable")
    groups, starts = np.unique(activity.group_ids[order], return_index=True)
    for group, rows in zip(groups.tolist(), np.split(order, starts[1:]), strict=False):
        acted = activity.person_ids[rows][activity.acted_at[rows] >= since]
        wrote_at = int(activity.wrote_at[rows].max())
        recent[group] = (
            len(number_arrays.unique(acted)),
            None
            if wrote_at == group_activity.NEVER
            else timestamps.from_micros(wrote_at),
            int(activity.joins[rows].sum()),
            int(activity.leaves[rows].sum()),
        )
    return recent

"""What a metric is computed from: the days, the staff who ask, and the facts they see."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from qunce.core import community_days, number_arrays
from qunce.sets import audiences, daily_totals, presence_changes, span_totals
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.sets.daily_totals import DailyTotals, DaySums
    from qunce.sets.presence_changes import PresenceDays

MESSAGE_KINDS = ("message.posted",)
INTERACTION_KINDS = (
    "reaction.added",
    "checkin.done",
    "send.clicked",
    "coupon.redeemed",
)
GROUP_KINDS = ("group.joined", "group.left", *MESSAGE_KINDS, *INTERACTION_KINDS)
"""What metrics of a group are computed from."""


@dataclass(frozen=True, kw_only=True)
class MetricQuery:
    """Community days from `first` to `last`, of the community or of a group.

    Everything is read when a metric first needs it and is kept for the next metric.
    `totals`, `sums`, `parts`, `numbers` and `span_numbers` are such caches; the queries
    of all `groups` share `totals`. `wide` is the query of which this one is a part.
    """

    community: Community
    by: Staff
    at: datetime
    first: int
    last: int
    group: str | None = None
    groups: tuple[str, ...] = ()
    wide: MetricQuery | None = None
    totals: list[DailyTotals] = field(default_factory=list)
    sums: dict[tuple[str, ...], DaySums] = field(default_factory=dict, init=False)
    parts: dict[tuple[int, int], MetricQuery] = field(default_factory=dict, init=False)
    numbers: dict[str, list[int]] = field(default_factory=dict, init=False)
    span_numbers: dict[str, int] = field(default_factory=dict, init=False)

    @property
    def days(self) -> range:
        return range(self.first, self.last + 1)

    @property
    def window(self) -> dict[str, list[str]]:
        """The days as a part of a rule."""
        dates = (community_days.to_date(day) for day in (self.first, self.last))
        return {"between": [each.isoformat() for each in dates]}

    def narrowed(self, first: int, last: int) -> MetricQuery:
        """The same for some of the days, with what is read for all of them."""
        days = (first, last)
        if days not in self.parts:
            part = replace(self, first=first, last=last, wide=self)
            self.parts[days] = part
        return self.parts[days]

    @cached_property
    def group_id(self) -> int:
        return daily_totals.get_group_id(self.community, self.group or "")

    @cached_property
    def visible(self) -> BitMap:
        """The people that the staff member may see, including former members."""
        return self._people({"with_left": audiences.EVERYONE})

    @cached_property
    def group_members(self) -> BitMap:
        """The people who are in the group now."""
        return self._people({"group": {"any": [self.group]}})

    @cached_property
    def presence(self) -> PresenceDays:
        """The joins, returns and leaves of the community."""
        return presence_changes.count_by_day(**self.params)

    @property
    def among(self) -> BitMap | None:
        """The people whose facts count; None counts all facts, with or without a person."""
        if self.group is not None:
            return self.group_members
        return None if self.by.scope is None else self.visible

    def _people(self, rule: dict[str, Any]) -> BitMap:
        return audiences.people(
            community=self.community, rule=rule, by=self.by, at=self.at
        )

    @property
    def params(self) -> dict[str, Any]:
        """The keyword arguments of this query for functions of `sets.daily_totals`."""
        return {
            "community": self.community,
            "first": self.first,
            "last": self.last,
            "at": self.at,
            "among": self.among,
        }

    def sum_facts(self, *kinds: str) -> DaySums:
        """Numbers and amounts of facts of some kinds, by day."""
        if kinds not in self.sums:
            self.sums[kinds] = daily_totals.sum_by_day(kinds=kinds, **self.params)
        return self.sums[kinds]

    def load_totals(self) -> DailyTotals:
        """Daily totals of GROUP_KINDS in all groups, from `first` to today or to `last`.

        They go up to today because the size of a group on an earlier day is computed
        backwards from its size now.
        """
        if not self.totals:
            ids = (
                daily_totals.get_group_id(self.community, key) for key in self.groups
            )
            totals = daily_totals.load(
                community=self.community,
                kinds=GROUP_KINDS,
                groups=list(ids),
                first=self.first,
                last=max(self.last, self.community.day(self.at)),
                at=self.at,
            )
            if self.by.scope is not None:
                totals = totals.filter(
                    np.isin(totals.person_ids, bitmaps.array_of(self.visible))
                )
            self.totals.append(totals)
        return self.totals[0]

    def load_group_totals(self, *kinds: str) -> DailyTotals:
        """Daily totals of some of GROUP_KINDS that happened in the group."""
        totals = self.load_totals()
        return totals.of_kinds(kinds).of_group(self.group_id)

    def find_people(self, *kinds: str) -> BitMap:
        """The people with a fact of these kinds in the span, each once."""
        if self.group is None:
            return span_totals.find_people(kinds=kinds, **self.params)
        totals = self.load_group_totals(*kinds)
        inside = (totals.days >= self.first) & (totals.days <= self.last)
        return bitmaps.of(number_arrays.unique(totals.person_ids[inside]))

    def count_people(self, totals: DailyTotals) -> list[int]:
        """How many different people have any of these totals, on each day."""
        # Days are small, and ids of people have 32 bits as in sets.
        days = number_arrays.unique(totals.days << 32 | totals.person_ids) >> 32
        return self.sum_by_day(days, np.ones(len(days), dtype=np.int64))

    def sum_by_day(
        self, days: NDArray[np.int64], numbers: NDArray[np.int64]
    ) -> list[int]:
        """The sum of `numbers` on each day of the query, as exact integers."""
        sums = np.zeros(len(self.days), dtype=np.int64)
        inside = (days >= self.first) & (days <= self.last)
        np.add.at(sums, days[inside] - self.first, numbers[inside])
        return [int(number) for number in sums]

"""Numbers by day; what each means is in the dictionary.

A day is a community day, given and answered as a date. Numbers of a group look at the
people who are in it now. Whoever asks sees numbers of the people in their scope; facts
of nobody known, such as a sale without a member, belong to those who see everyone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from qunce.core import community_days
from qunce.insight import metric_definitions
from qunce.members.clauses import lifecycle
from qunce.sets import audiences, daily_totals
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.sets.daily_totals import DailyTotals

SALES = ("order.paid", "order.amended")
OWN_ACTS = (
    "order.paid",
    "coupon.redeemed",
    "message.posted",
    "reaction.added",
    "send.clicked",
    "checkin.done",
)
"""Kinds of facts that a member causes; what is done to a member is no activity."""

EVERYONE: dict[str, list[Any]] = {"all": []}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The span, who asks, and what was read for it; each is read once, when needed."""

    community: Community
    by: Staff
    at: datetime
    first: int
    last: int
    group: str | None = None
    read: dict[tuple[str, ...], DailyTotals] = field(default_factory=dict)

    @property
    def days(self) -> range:
        return range(self.first, self.last + 1)

    @cached_property
    def group_id(self) -> int:
        return daily_totals.get_group_id(self.community, self.group or "")

    @cached_property
    def visible(self) -> BitMap:
        """The people that the staff member may see, including former members."""
        return self._people({"with_left": EVERYONE})

    @cached_property
    def members(self) -> BitMap:
        """The people who are in the group now."""
        return self._people({"group": {"any": [self.group]}})

    @property
    def among(self) -> BitMap | None:
        """The people whose facts count; None counts all facts, with or without a person."""
        if self.group is not None:
            return self.members
        return None if self.by.scope is None else self.visible

    def _people(self, rule: dict[str, Any]) -> BitMap:
        return audiences.people(
            community=self.community, rule=rule, by=self.by, at=self.at
        )

    @property
    def span(self) -> dict[str, Any]:
        return {
            "community": self.community,
            "first": self.first,
            "last": self.last,
            "at": self.at,
            "among": self.among,
        }

    def facts(self, *kinds: str) -> DailyTotals:
        """Facts of these kinds about people in the operator's scope, up to today."""
        if kinds not in self.read:
            found = daily_totals.load(
                community=self.community,
                kinds=kinds,
                first=self.first,
                last=max(self.last, self.community.day(self.at)),
                at=self.at,
            )
            if self.by.scope is not None:
                found = found.filter(
                    np.isin(found.person_ids, bitmaps.array_of(self.visible))
                )
            self.read[kinds] = found
        return self.read[kinds]

    def group_facts(self, kind: str) -> DailyTotals:
        """Those that happened in the group."""
        found = self.facts(kind)
        return found.filter(found.group_ids == self.group_id)

    def by_day(
        self, at_days: NDArray[np.int64], numbers: NDArray[np.int64]
    ) -> list[int]:
        """`numbers` added up on each day of the span, exactly."""
        sums = np.zeros(len(self.days), dtype=np.int64)
        inside = (at_days >= self.first) & (at_days <= self.last)
        np.add.at(sums, at_days[inside] - self.first, numbers[inside])
        return [int(number) for number in sums]


Metric = Callable[[Asked], list[int]]
OF_COMMUNITY: dict[str, Metric] = {}
OF_GROUP: dict[str, Metric] = {}


def _of(*registers: dict[str, Metric]) -> Callable[[Metric], Metric]:
    def register(metric: Metric) -> Metric:
        for each in registers:
            each[metric.__name__] = metric
        return metric

    return register


@_of(OF_COMMUNITY, OF_GROUP)
def orders(asked: Asked) -> list[int]:
    return daily_totals.sum_by_day(kinds=["order.paid"], **asked.span).counts


@_of(OF_COMMUNITY)
def buyers(asked: Asked) -> list[int]:
    return daily_totals.count_people_by_day(kinds=["order.paid"], **asked.span)


@_of(OF_COMMUNITY)
def sales(asked: Asked) -> list[int]:
    return daily_totals.sum_by_day(kinds=SALES, **asked.span).amounts


@_of(OF_COMMUNITY)
def new_members(asked: Asked) -> list[int]:
    return lifecycle.joined_by_day(**asked.span)


@_of(OF_GROUP)
def joins(asked: Asked) -> list[int]:
    found = asked.group_facts("group.joined")
    return asked.by_day(found.days, found.counts)


@_of(OF_GROUP)
def leaves(asked: Asked) -> list[int]:
    found = asked.group_facts("group.left")
    return asked.by_day(found.days, found.counts)


@_of(OF_GROUP)
def members(asked: Asked) -> list[int]:
    now = daily_totals.weights_by_person(
        community=asked.community, kind="group", ref=asked.group_id, at=asked.at
    )
    inside = {person: now[person] for person in asked.members}
    size = sum(accounts > 0 for accounts in inside.values())
    sizes: dict[int, int] = {}
    steps = _steps(asked)
    for day in range(max(asked.last, *steps, asked.first), asked.first - 1, -1):
        sizes[day] = size
        for person, came in steps.get(day, {}).items():
            there = inside.get(person, 0)
            inside[person] = there - came
            size += (there - came > 0) - (there > 0)
    return [sizes[day] for day in asked.days]


def _steps(asked: Asked) -> dict[int, dict[int, int]]:
    """Day → person → accounts that came into the group, less those that left."""
    steps: dict[int, dict[int, int]] = {}
    for kind, sign in (("group.joined", 1), ("group.left", -1)):
        found = asked.group_facts(kind)
        for day, person, times in zip(
            found.days.tolist(),
            found.person_ids.tolist(),
            found.counts.tolist(),
            strict=True,
        ):
            there = steps.setdefault(day, {})
            there[person] = there.get(person, 0) + sign * times
    return steps


@_of(OF_GROUP)
def active_members(asked: Asked) -> list[int]:
    return daily_totals.count_people_by_day(kinds=OWN_ACTS, **asked.span)


def of_community(
    *,
    community: Community,
    first: date,
    last: date,
    by: Staff,
    at: datetime,
    names: Sequence[str] = tuple(OF_COMMUNITY),
) -> dict[str, list[int]]:
    """Name → a number for each day from `first` to `last`."""
    asked = _asked(community, first, last, by, at)
    return {name: OF_COMMUNITY[name](asked) for name in names}


def of_groups(
    *,
    community: Community,
    groups: Sequence[str],
    first: date,
    last: date,
    by: Staff,
    at: datetime,
    names: Sequence[str] = tuple(OF_GROUP),
) -> dict[str, dict[str, list[int]]]:
    """Group key → name → a number for each day from `first` to `last`."""
    asked = _asked(community, first, last, by, at)
    each = {key: replace(asked, group=key) for key in groups}
    return {
        key: {name: OF_GROUP[name](one) for name in names} for key, one in each.items()
    }


def definition(name: str) -> str:
    """What a number means, to be shown where it is shown."""
    return str(metric_definitions.TERMS[name].means)


def _asked(
    community: Community, first: date, last: date, by: Staff, at: datetime
) -> Asked:
    return Asked(
        community=community,
        by=by,
        at=at,
        first=community_days.from_date(first),
        last=community_days.from_date(last),
    )

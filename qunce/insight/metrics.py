"""Numbers by day. Each has one definition: the docstring of the function that makes it.

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

from qunce.core import days
from qunce.sets import audiences, daily

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qunce.core.communities import Community
    from qunce.core.operators import Operator
    from qunce.sets.daily import Daily

SALES = {"order.paid": 1, "order.amended": 1}
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
    by: Operator
    at: datetime
    first: int
    last: int
    group: str | None = None
    read: dict[tuple[str, ...], Daily] = field(default_factory=dict)

    @property
    def days(self) -> range:
        return range(self.first, self.last + 1)

    @property
    def rule(self) -> dict[str, Any]:
        """Whose numbers: the people of the group now, or everyone ever."""
        if self.group is not None:
            return {"group": {"any": [self.group]}}
        return {"with_left": EVERYONE}

    @cached_property
    def group_id(self) -> int:
        return daily.group_id(self.community, self.group or "")

    @cached_property
    def people(self) -> NDArray[np.int64]:
        blob = audiences.freeze(
            community=self.community, rule=self.rule, by=self.by, at=self.at
        )
        return np.fromiter(audiences.ids(blob), dtype=np.int64)

    def count(self, rule: dict[str, Any]) -> int:
        return audiences.count(
            community=self.community, rule=rule, by=self.by, at=self.at
        )

    def facts(self, *kinds: str) -> Daily:
        """All facts of these kinds, up to today."""
        if kinds not in self.read:
            self.read[kinds] = daily.read(
                community=self.community,
                kinds=kinds,
                first=self.first,
                last=max(self.last, self.community.day(self.at)),
                at=self.at,
            )
        return self.read[kinds]

    def facts_of_people(self, *kinds: str) -> Daily:
        found = self.facts(*kinds)
        if self.group is None and self.by.scope is None:
            return found
        return found.only(np.isin(found.people, self.people))

    def facts_of_group(self, kind: str) -> Daily:
        found = self.facts(kind)
        return found.only(found.groups == self.group_id)

    def by_day(
        self, at_days: NDArray[np.int64], numbers: NDArray[np.int64]
    ) -> list[int]:
        """`numbers` added up on each day of the span, exactly."""
        sums = np.zeros(len(self.days), dtype=np.int64)
        inside = (at_days >= self.first) & (at_days <= self.last)
        np.add.at(sums, at_days[inside] - self.first, numbers[inside])
        return [int(number) for number in sums]

    def people_by_day(self, found: Daily) -> list[int]:
        known = found.people != daily.NOBODY
        pairs = np.unique(np.stack([found.days[known], found.people[known]]), axis=1)
        return self.by_day(pairs[0], np.ones(pairs.shape[1], dtype=np.int64))


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
    """Orders paid that day, orders of zero and orders refunded later included."""
    found = asked.facts_of_people("order.paid")
    return asked.by_day(found.days, found.times)


@_of(OF_COMMUNITY)
def buyers(asked: Asked) -> list[int]:
    """People who paid at least one order that day."""
    return asked.people_by_day(asked.facts_of_people("order.paid"))


@_of(OF_COMMUNITY)
def sales(asked: Asked) -> list[int]:
    """What was paid that day, with later corrections and before refunds; in the
    currency's smallest unit, everything being in the community's currency."""
    total = np.zeros(len(asked.days), dtype=np.int64)
    for kind, sign in SALES.items():
        found = asked.facts_of_people(kind)
        total += sign * np.array(asked.by_day(found.days, found.amounts))
    return [int(number) for number in total]


@_of(OF_COMMUNITY)
def new_members(asked: Asked) -> list[int]:
    """People whose first account joined that day, whether or not they have left since."""
    return [
        asked.count({"with_left": {"joined": {"between": [text, text]}}})
        for text in (days.to_date(day).isoformat() for day in asked.days)
    ]


@_of(OF_GROUP)
def joins(asked: Asked) -> list[int]:
    """Times that somebody came into the group that day."""
    found = asked.facts_of_group("group.joined")
    return asked.by_day(found.days, found.times)


@_of(OF_GROUP)
def leaves(asked: Asked) -> list[int]:
    """Times that somebody left the group that day, or was removed."""
    found = asked.facts_of_group("group.left")
    return asked.by_day(found.days, found.times)


@_of(OF_GROUP)
def members(asked: Asked) -> list[int]:
    """Members at the end of that day: those of now, less the joins since, and with the
    leaves since."""
    came, went = (asked.facts_of_group(kind) for kind in ("group.joined", "group.left"))
    now = len(asked.people)
    return [
        now
        - int(came.times[came.days > day].sum())
        + int(went.times[went.days > day].sum())
        for day in asked.days
    ]


@_of(OF_GROUP)
def active_members(asked: Asked) -> list[int]:
    """People in the group now who did something of their own that day, anywhere."""
    return asked.people_by_day(asked.facts_of_people(*OWN_ACTS))


def of_community(
    *,
    community: Community,
    first: date,
    last: date,
    by: Operator,
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
    by: Operator,
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
    metric = OF_COMMUNITY.get(name) or OF_GROUP[name]
    return " ".join((metric.__doc__ or "").split())


def _asked(
    community: Community, first: date, last: date, by: Operator, at: datetime
) -> Asked:
    return Asked(
        community=community,
        by=by,
        at=at,
        first=days.from_date(first),
        last=days.from_date(last),
    )

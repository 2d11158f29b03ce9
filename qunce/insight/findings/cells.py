"""The daily counts in which findings are looked for: of the community and of each group.

They are those of the metrics of the same names. Staff who are limited to groups have those
of their groups only, staff with a scope those of the people they see.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from qunce.core import community_days, working_days
from qunce.insight import small_numbers
from qunce.insight.findings import rhythm
from qunce.insight.findings.detection import Question
from qunce.insight.findings.finding import LeftOut
from qunce.insight.findings.rhythm import DOWN, UP, Counts
from qunce.insight.metric_definitions import COMMUNITY, GROUP, METRICS
from qunce.insight.metric_query import INTERACTION_KINDS, MESSAGE_KINDS, MetricQuery
from qunce.insight.notebook.models import Kind, NotebookEntry, State
from qunce.insight.subjects import sales
from qunce.sets import audiences, group_days, set_sizes, value_totals
from qunce.sets.rules import references

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

GROUP_MARKS = "group"
"""The kind of marks that memberships are."""
GROUP_COLUMNS = {
    "messages": "messages",
    "active_members": "active",
    "joins": "joins",
    "leaves": "leaves",
}
"""Metric of a group → column of `group_days`."""
ASKED = {
    GROUP: (
        (("messages", "active_members"), DOWN),
        (("leaves",), UP),
        (("joins",), DOWN),
        (("joins",), UP),
    ),
    COMMUNITY: (
        (("messages", "active_members"), DOWN),
        (("leaves",), UP),
        (("new_members",), DOWN),
        (("new_members",), UP),
        (("orders", "paid"), DOWN),
    ),
}
"""The changes that somebody can act on, by level. Metrics that move together are asked
about together."""
SALES_KINDS = {"orders": sales.ORDER_KINDS, "paid": sales.PAID_KINDS}
CATEGORIES, MAX_CATEGORIES = "categories", 12
"""The field of `order.paid` with what was bought, and how many of them are looked at."""


@dataclass(frozen=True, kw_only=True)
class PartQuery(MetricQuery):
    """A query about some of the people that the staff member sees."""

    people: BitMap

    @property
    def among(self) -> BitMap:
        return self.people & self.visible


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Days from `first` to `last`; `groups` are the rows of the counts of groups.

    `counts` are by level and metric. Groups that are too small or too young are in
    `small_groups` only.
    """

    by: Staff
    at: datetime
    first: int
    last: int
    groups: tuple[str, ...] = ()
    names: dict[str, str] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)
    small_groups: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    counts: dict[tuple[str, str], Counts] = field(default_factory=dict)

    @property
    def community(self) -> Community:
        return self.by.community

    @property
    def days(self) -> int:
        return self.last - self.first + 1

    def index_of(self, day: date) -> int:
        return community_days.from_date(day) - self.first

    def day_at(self, index: int) -> date:
        return community_days.to_date(self.first + index)

    def row_of(self, level: str, group: str) -> int | None:
        """The row of the community or a group in its counts; None if there is none."""
        if level == COMMUNITY:
            return 0 if (COMMUNITY, "orders") in self.counts else None
        return self.groups.index(group) if group in self.groups else None

    def questions(self) -> list[Question]:
        return [
            Question(
                f"{level}:{'+'.join(metrics)}",
                direction,
                {name: self.counts[(level, name)] for name in metrics},
            )
            for level, asked in ASKED.items()
            for metrics, direction in asked
            if (level, metrics[0]) in self.counts
        ]

    @cached_property
    def _among(self) -> BitMap | None:
        return _find_among(self.by, self.at)

    def of_part(
        self, level: str, metric: str, group: str, people: BitMap
    ) -> NDArray[np.float64]:
        """The daily counts of the same cell, of these people only."""
        if level == COMMUNITY:
            query = PartQuery(
                community=self.community,
                by=self.by,
                at=self.at,
                first=self.first,
                last=self.last,
                people=people,
            )
            return np.array(METRICS[metric].by_day(query), dtype=np.float64)
        among = people if self._among is None else people & self._among
        days = _load_group_days(
            self.community,
            groups=[self.ids[group]],
            first=self.first,
            last=self.last,
            at=self.at,
            among=among,
        )
        empty = {GROUP_COLUMNS[metric]: [0] * self.days}
        own = days.by_day.get(self.ids[group], empty)
        return np.array(own[GROUP_COLUMNS[metric]], dtype=np.float64)

    def by_category(self, metric: str) -> dict[str, NDArray[np.float64]]:
        """Product category → the daily counts of a metric of sales of the community."""
        found = value_totals.sum_by_value(
            community=self.community,
            kinds=SALES_KINDS[metric],
            field=CATEGORIES,
            first=self.first,
            last=self.last,
            at=self.at,
            among=self._among,
            limit=MAX_CATEGORIES,
        )
        return {
            category: np.array(
                sums.counts if metric == "orders" else sums.amounts, dtype=np.float64
            )
            for category, sums in found.items()
        }


def load(*, by: Staff, at: datetime) -> Cells:
    """The counts of the complete days up to yesterday."""
    community = by.community
    last = community.day(at) - 1
    first = last - rhythm.DAYS_NEEDED + 1
    left_out = tuple(list_left_out(community, first, last))
    indices = [community_days.from_date(each.day) - first for each in left_out]
    usable = np.ones(last - first + 1, dtype=bool)
    usable[indices] = False
    cells = Cells(by=by, at=at, first=first, last=last, left_out=left_out)
    groups = _load_groups(cells, usable)
    counts = groups.counts | _load_community(cells, usable)
    return Cells(
        by=by,
        at=at,
        first=first,
        last=last,
        left_out=left_out,
        groups=groups.groups,
        names=groups.names,
        ids=groups.ids,
        small_groups=groups.small_groups,
        counts=counts,
    )


def list_left_out(community: Community, first: int, last: int) -> Iterator[LeftOut]:
    """Public holidays and platform changes that staff have dated, by day."""
    start, end = community_days.to_date(first), community_days.to_date(last)
    changes = NotebookEntry.objects.filter(
        community=community,
        kind=Kind.PLATFORM_CHANGE,
        state=State.ACTIVE,
        day__range=(start, end),
    ).order_by("day", "pk")
    noted: dict[date, str] = {}
    for entry in changes:
        noted.setdefault(entry.day, entry.title)
    for day in (start + timedelta(days=n) for n in range(last - first + 1)):
        reason = working_days.find_holiday(day, community.region) or noted.get(day)
        if reason:
            yield LeftOut(day=day, reason=reason)


def _find_among(by: Staff, at: datetime) -> BitMap | None:
    if by.scope is None:
        return None
    rule = {"with_left": audiences.EVERYONE}
    return audiences.people(community=by.community, rule=rule, by=by, at=at)


def _load_group_days(community: Community, **params: Any) -> group_days.GroupDays:
    return group_days.load(
        community=community,
        messages=MESSAGE_KINDS,
        interactions=INTERACTION_KINDS,
        **params,
    )


def _load_groups(cells: Cells, usable: NDArray[np.bool_]) -> Cells:
    community, by, at = cells.community, cells.by, cells.at
    keys = [
        key
        for key in references.list_keys(community, "group_in_use")
        if by.groups is None or key in by.groups
    ]
    find_ids = references.get("group").find_ids if keys else None
    ids = dict(find_ids(community, keys)) if find_ids else {}
    names = dict(references.find_names(community, "group", keys))
    if not ids:
        return cells
    sizes = set_sizes.count_by_ref(
        community=community, kind=GROUP_MARKS, refs=ids.values(), by=by, at=at
    )
    days = _load_group_days(
        community,
        groups=list(ids.values()),
        first=cells.first,
        last=cells.last,
        at=at,
        among=_find_among(by, at),
    )
    large: dict[str, NDArray[np.float64]] = {}
    small = []
    for key in sorted(ids):
        by_day = days.by_day.get(ids[key], {})
        table = np.array(
            [by_day.get(column, [0] * cells.days) for column in GROUP_COLUMNS.values()],
            dtype=np.float64,
        )
        if _is_large(table, sizes[ids[key]], cells.days):
            large[key] = table
        else:
            small.append(names.get(key, key))
    # No group exists before the first thing that happened in it.
    exists = np.array([table.any(axis=0).cumsum() > 0 for table in large.values()])
    counts = {}
    for position, metric in enumerate(GROUP_COLUMNS if large else ()):
        series = np.array([table[position] for table in large.values()])
        factors = rhythm.factors_of_rest(series, usable)
        own = Counts.of(series, factors=factors, usable=usable & exists)
        counts[(GROUP, metric)] = own
    return Cells(
        by=by,
        at=at,
        first=cells.first,
        last=cells.last,
        groups=tuple(large),
        names=names,
        ids=ids,
        small_groups=tuple(small),
        counts=counts,
    )


def _is_large(table: NDArray[np.float64], size: int, days: int) -> bool:
    """Whether a group has enough people and weeks; its losses of late do not shrink it."""
    _messages, _active, joins, leaves = table[:, -rhythm.MAX_DAYS_SINCE :].sum(axis=1)
    if max(size, size + leaves - joins) < small_numbers.MIN_PEOPLE:
        return False
    happened = np.flatnonzero(table.any(axis=0))
    return len(happened) > 0 and days - int(happened[0]) > 7 * rhythm.MIN_WEEKS


def _load_community(
    cells: Cells, usable: NDArray[np.bool_]
) -> dict[tuple[str, str], Counts]:
    if cells.by.groups is not None:
        return {}
    query = MetricQuery(
        community=cells.community,
        by=cells.by,
        at=cells.at,
        first=cells.first,
        last=cells.last,
    )
    if len(query.visible) < small_numbers.MIN_PEOPLE:
        return {}
    names: Sequence[str] = [name for asked, _ in ASKED[COMMUNITY] for name in asked]
    series = {
        name: np.array(METRICS[name].by_day(query), dtype=np.float64)
        for name in dict.fromkeys(names)
    }
    exists = np.array(list(series.values())).any(axis=0).cumsum() > 0
    return {
        (COMMUNITY, name): Counts.of(own, usable=usable & exists)
        for name, own in series.items()
    }

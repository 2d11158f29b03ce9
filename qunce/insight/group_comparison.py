"""All groups side by side over the last complete days, and what they are together.

A number of a group is that of the metric of the same name. People can be in two groups,
so that the sum over the groups stands beside the number of different people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from qunce.core import community_days
from qunce.insight import small_numbers
from qunce.insight.metric_query import INTERACTION_KINDS, MESSAGE_KINDS
from qunce.sets import audiences, group_days, set_sizes

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.core.staff.models import Staff
    from qunce.sets.group_days import GroupDays

GROUP_MARKS = "group"
"""The kind of marks that memberships are."""
DEFAULT_SPAN = 28


@dataclass(frozen=True, kw_only=True)
class GroupRow:
    """The numbers of a group; `members` are those of now.

    `active_by_day` has the active members of each day, oldest first.
    """

    group_id: int
    members: int
    joins: int = 0
    leaves: int = 0
    active: int = 0
    messages: int = 0
    speakers: int = 0
    interactions: int = 0
    interacting: int = 0
    active_by_day: Sequence[int] = ()

    @property
    def net_growth(self) -> int:
        return self.joins - self.leaves

    @property
    def active_share(self) -> Fraction | None:
        """Active members per member of now, None for too few people.

        Some of those who were active may have left since, so that it can exceed 1.
        """
        if self.members < small_numbers.MIN_PEOPLE:
            return None
        return Fraction(self.active, self.members)


@dataclass(frozen=True, kw_only=True)
class Together:
    """`total` adds up the groups, `people` counts everyone once."""

    total: int
    people: int

    @property
    def overlap(self) -> int:
        """How often somebody is counted in a further group."""
        return self.total - self.people


@dataclass(frozen=True, kw_only=True)
class GroupComparison:
    """Rows in the order of the groups that were asked for.

    `together` has a number for each of PEOPLE_COLUMNS; the others can be added up.
    """

    first: date
    last: date
    rows: tuple[GroupRow, ...]
    together: Mapping[str, Together]
    totals: Mapping[str, int] = field(default_factory=dict)


PEOPLE_COLUMNS = ("members", "active", "speakers", "interacting")
ADDITIVE_COLUMNS = ("joins", "leaves", "net_growth", "messages", "interactions")
ORDERS = ("name", *PEOPLE_COLUMNS, *ADDITIVE_COLUMNS)
"""What the table can be sorted by; all but the name from the highest number."""


def load(
    *, by: Staff, group_ids: Sequence[int], span: int = DEFAULT_SPAN, at: datetime
) -> GroupComparison:
    """Compare groups over the last `span` complete days, as far as `by` sees members."""
    community = by.community
    today = community.day(at)
    people: dict[str, Any] = {"community": community, "by": by, "at": at}
    marks: dict[str, Any] = {"kind": GROUP_MARKS, "refs": group_ids, **people}
    days = load_days(
        by=by, group_ids=group_ids, first=today - span, last=today - 1, at=at
    )
    sizes = set_sizes.count_by_ref(**marks)
    rows = tuple(
        GroupRow(
            group_id=group,
            members=sizes[group],
            active_by_day=days.by_day.get(group, {}).get("active") or [0] * span,
            **days.by_group.get(group, {}),
        )
        for group in group_ids
    )
    distinct = {"members": set_sizes.count_in_any(**marks), **days.together}
    return GroupComparison(
        first=community_days.to_date(today - span),
        last=community_days.to_date(today - 1),
        rows=rows,
        together={
            column: Together(
                total=sum(getattr(row, column) for row in rows),
                people=distinct[column],
            )
            for column in PEOPLE_COLUMNS
        },
        totals={
            column: sum(getattr(row, column) for row in rows)
            for column in ADDITIVE_COLUMNS
        },
    )


def load_days(
    *, by: Staff, group_ids: Sequence[int], first: int, last: int, at: datetime
) -> GroupDays:
    """What happened in groups from one community day to another, as far as `by` sees it."""
    community = by.community
    among: BitMap | None = None
    if by.scope is not None:
        among = audiences.people(
            community=community, rule={"with_left": audiences.EVERYONE}, by=by, at=at
        )
    return group_days.load(
        community=community,
        messages=MESSAGE_KINDS,
        interactions=INTERACTION_KINDS,
        groups=group_ids,
        first=first,
        last=last,
        at=at,
        among=among,
    )


def sort(
    rows: Sequence[GroupRow], names: Mapping[int, str], *, order: str
) -> list[GroupRow]:
    """Return the rows from the highest number, equal ones by name."""
    by_name = sorted(rows, key=lambda row: (names[row.group_id], row.group_id))
    if order == "name":
        return by_name
    return sorted(by_name, key=lambda row: getattr(row, order), reverse=True)

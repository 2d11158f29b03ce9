"""Which groups have measured numbers, so that nobody needs to type them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from qunce.core import community_days
from qunce.insight import metrics
from qunce.insight.metric_query import INTERACTION_KINDS, MESSAGE_KINDS
from qunce.insight.typed_numbers import typed_numbers
from qunce.sets import audiences, group_days

if TYPE_CHECKING:
    from datetime import datetime

    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.groups.groups import Group
    from qunce.sets.group_days import GroupDays

QUIET_DAYS = 27
"""Days without anything after which a group counts as not measured any more."""
COUNTED = ("joins", "leaves", "speakers", "messages")
"""Numbers of what happened on the day; the members are those at its end."""


def list_ids(
    *,
    community: Community,
    groups: Sequence[Group],
    day: date,
    by: Staff,
    at: datetime,
) -> set[int]:
    """The groups of which something was reported on that day or the 27 before.

    It does not depend on which members `by` sees.
    """
    typed_numbers.check_groups(groups, by)
    return set(_load_days(community, groups, day, at).by_group)


def find(
    *,
    community: Community,
    groups: Sequence[Group],
    day: date,
    by: Staff,
    at: datetime,
) -> dict[int, dict[str, int]]:
    """Measured group → its numbers of the day, as far as `by` sees members."""
    ids = list_ids(community=community, groups=groups, day=day, by=by, at=at)
    chosen = [group for group in groups if group.pk in ids]
    if not chosen:
        return {}
    among: BitMap | None = None
    if by.scope is not None:
        among = audiences.people(
            community=community, rule={"with_left": audiences.EVERYONE}, by=by, at=at
        )
    days = _load_days(community, groups, day, at, among)
    members = metrics.compute_for_groups(
        community=community,
        groups=[group.key for group in chosen],
        first=day,
        last=day,
        by=by,
        at=at,
        names=["members"],
    )
    return {
        group.pk: {"members": members[group.key]["members"][0]}
        | {
            name: numbers[name][-1] if (numbers := days.by_day.get(group.pk)) else 0
            for name in COUNTED
        }
        for group in chosen
    }


def _load_days(
    community: Community,
    groups: Sequence[Group],
    day: date,
    at: datetime,
    among: BitMap | None = None,
) -> GroupDays:
    last = community_days.from_date(day)
    return group_days.load(
        community=community,
        messages=MESSAGE_KINDS,
        interactions=INTERACTION_KINDS,
        groups=[group.pk for group in groups],
        first=last - QUIET_DAYS,
        last=last,
        at=at,
        among=among,
    )

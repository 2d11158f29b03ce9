"""What each member of staff was in charge of: the groups they own, and their members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qunce.core import community_days
from qunce.core.staff.models import Staff
from qunce.insight import group_comparison, metrics
from qunce.insight.metric_definitions import METRICS
from qunce.members.staff_in_charge import assignments
from qunce.sets import audiences
from qunce.sets.rules import references

if TYPE_CHECKING:
    from datetime import datetime

    from qunce.insight.reports.periods import Period

OF_GROUPS = ("joins", "leaves", "active", "messages")
OF_MEMBERS = {"in_charge_active": "active_members", "in_charge_buyers": "buyers"}
"""Number of the members in charge → the metric that says who counts."""
OWNERS = "group_owner"
"""The kind of reference that has the owner of each group."""


@dataclass(frozen=True, kw_only=True)
class StaffNumbers:
    """`numbers` of all groups that they own count everyone once.

    Those of the members whom they are in charge of are of the members of now.
    """

    staff: Staff
    groups: tuple[str, ...]
    numbers: Mapping[str, int]


def load(
    *, period: Period, groups: Mapping[int, str], by: Staff, at: datetime
) -> list[StaffNumbers]:
    """Everyone who owns one of the groups (id → key), or has members whom `by` sees."""
    owned = _list_owned(by, groups)
    in_charge = _list_members(period, by, at)
    ids = owned.keys() | in_charge.keys()
    people = Staff.objects.filter(community=by.community, pk__in=ids)
    return [
        StaffNumbers(
            staff=staff,
            groups=tuple(groups[pk] for pk in owned.get(staff.pk, ())),
            numbers={
                **_count_of_groups(owned.get(staff.pk, ()), period, by, at),
                **in_charge.get(staff.pk, dict.fromkeys(("in_charge", *OF_MEMBERS), 0)),
            },
        )
        for staff in people.order_by("name", "pk")
    ]


def _list_owned(by: Staff, groups: Mapping[int, str]) -> dict[int, list[int]]:
    """Id of staff → ids of their groups."""
    find = references.get(OWNERS).find_ids
    owners = find(by.community, list(groups.values())) if find and groups else {}
    owned: dict[int, list[int]] = {}
    for pk, key in groups.items():
        if key in owners:
            owned.setdefault(owners[key], []).append(pk)
    return owned


def _count_of_groups(
    group_ids: Sequence[int], period: Period, by: Staff, at: datetime
) -> dict[str, int]:
    if not group_ids:
        return dict.fromkeys((*OF_GROUPS, "net_growth"), 0)
    days = group_comparison.load_days(
        by=by,
        group_ids=group_ids,
        first=community_days.from_date(period.first),
        last=community_days.from_date(period.last),
        at=at,
    )
    numbers = {
        name: sum(own.get(name, 0) for own in days.by_group.values())
        for name in OF_GROUPS
    }
    numbers["active"] = days.together.get("active", 0)
    return numbers | {"net_growth": numbers["joins"] - numbers["leaves"]}


def _list_members(period: Period, by: Staff, at: datetime) -> dict[int, dict[str, int]]:
    """Id of staff → the numbers of the members whom they are in charge of."""
    query = metrics.create_query(
        community=by.community, first=period.first, last=period.last, by=by, at=at
    )
    staff = assignments.list_assignable(by.community)
    made = [METRICS[metric].rule for metric in OF_MEMBERS.values()]
    sets = audiences.people_by_rule(
        community=by.community,
        rules=[
            *({"staff": {"any": [each.login]}} for each in staff),
            *(make(query) for make in made if make),
        ],
        by=by,
        at=at,
    )
    acted = dict(zip(OF_MEMBERS, sets[len(staff) :], strict=True))
    return {
        each.pk: {"in_charge": len(members)}
        | {
            name: members.intersection_cardinality(people)
            for name, people in acted.items()
        }
        for each, members in zip(staff, sets, strict=False)
        if members
    }

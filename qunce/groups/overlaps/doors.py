"""Whether somebody who wants to enter a group is in another one of its set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.groups.groups import Group, Membership
from qunce.groups.lists import exemptions
from qunce.groups.overlaps import group_sets
from qunce.groups.overlaps.models import Door, GroupSet
from qunce.groups.overlaps.overlap_sets import pair
from qunce.members.accounts import queries as account_queries
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap


@dataclass(frozen=True)
class OtherGroup:
    """The group that the person is in already, and the set that has both."""

    group_set: GroupSet
    group: Group

    @property
    def refuses(self) -> bool:
        return self.group_set.door == Door.REFUSE


def find_other(*, group: Group, account: int, at: datetime) -> OtherGroup | None:
    """The first reason not to let a person in; those that refuse come first."""
    guarded = [
        row
        for row in group_sets.list_with(group)
        if row.door in (Door.ASK, Door.REFUSE)
    ]
    if not guarded or exemptions.find(group=group, account=account, at=at):
        return None
    accounts = account_queries.account_ids_of_person(account)
    found = []
    for row in guarded:
        for other in _others(row, group):
            rows = Membership.objects.filter(
                group=other, account_id__in=accounts, present=True
            )
            if rows.exists():
                found.append(OtherGroup(row, other))
                break
    return min(found, key=lambda each: not each.refuses, default=None)


def people_in_others(group: Group) -> BitMap:
    """The people who are in another group of a guarded set, and not led into this one."""
    people = bitmaps.of([])
    for row in group_sets.list_with(group):
        if row.door == Door.OFF:
            continue
        others = [other.pk for other in _others(row, group)]
        members = Membership.objects.filter(group__in=others, present=True)
        accounts = list(members.values_list("account_id", flat=True))
        people |= bitmaps.of(account_queries.person_ids(accounts).values())
    return people


def _others(row: GroupSet, group: Group) -> list[Group]:
    """The other groups of the set that may not overlap with this one."""
    allowed = group_sets.allowed_pairs(row)
    return [
        other
        for other in row.groups.order_by("pk")
        if other.pk != group.pk and pair(group.pk, other.pk) not in allowed
    ]

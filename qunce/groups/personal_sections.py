"""The groups of a person in the export of their data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qunce.groups.groups import Membership, Stay
from qunce.members.people import person_export

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.people.person_export import Records


@person_export.register("groups")
def _groups(community: Community, ids: Sequence[int]) -> Records:
    """The latest stay in each group, and those before it."""
    names = ("group__name", "role", "joined_at", "left_at")
    rows = Membership.objects.filter(account_id__in=ids).order_by("group_id", "pk")
    earlier = Stay.objects.filter(account_id__in=ids).order_by("group_id", "pk")
    found = [
        *rows.values(*names, "present"),
        *({**row, "present": False} for row in earlier.values(*names)),
    ]
    return [
        {name.removeprefix("group__"): value for name, value in row.items()}
        for row in found
    ]

"""The groups that a person left in clean-ups, in the export of their data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qunce.groups.overlaps.models import CleanUpItem
from qunce.members.people import person_export

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.people.person_export import Records


@person_export.register("clean_ups")
def _clean_ups(community: Community, ids: Sequence[int]) -> Records:
    names = ("clean_up__created_at", "group__name", "kept__name", "role")
    rows = CleanUpItem.objects.filter(clean_up__community=community, account_id__in=ids)
    return list(rows.order_by("pk").values(*names, "action__state"))

"""The tiers that a person reached, in the export of their data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qunce.activities.tiered_tasks.models import ReachedTier
from qunce.members.people import person_export

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.people.person_export import Records


@person_export.register("reached_tiers")
def _tiers(community: Community, ids: Sequence[int]) -> Records:
    rows = ReachedTier.objects.filter(
        tier__activity__community=community, account_id__in=ids
    )
    names = ("tier__activity__name", "tier__text", "reached_at", "lost_at")
    return list(rows.order_by("reached_at", "pk").values(*names))

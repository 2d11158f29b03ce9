"""What a person redeemed for points, in the export of their data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qunce.activities.mall.models import Redemption
from qunce.members.people import person_export

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.people.person_export import Records


@person_export.register("redemptions")
def _redemptions(community: Community, ids: Sequence[int]) -> Records:
    rows = Redemption.objects.filter(activity__community=community, account_id__in=ids)
    return [
        {
            "activity": row.activity.name,
            "prize": row.stock.name,
            "points": row.points,
            "at": row.at,
            "undone_at": row.undone_at,
        }
        for row in rows.select_related("activity", "stock").order_by("pk")
    ]

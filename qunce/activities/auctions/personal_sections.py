"""The bids of a person in the export of their data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qunce.activities.auctions.models import Bid
from qunce.members.people import person_export

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.people.person_export import Records


@person_export.register("bids")
def _bids(community: Community, ids: Sequence[int]) -> Records:
    rows = Bid.objects.filter(
        auction__activity__community=community, account_id__in=ids
    )
    return [
        {
            "activity": row.auction.activity.name,
            "points": row.amount,
            "state": row.state,
            "at": row.at,
        }
        for row in rows.select_related("auction__activity").order_by("pk")
    ]

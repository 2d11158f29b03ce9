"""The red packets that a person opened in the export of their data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qunce.activities.red_packets.models import RedPacketShare
from qunce.members.people import person_export

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.people.person_export import Records


@person_export.register("red_packets")
def _shares(community: Community, ids: Sequence[int]) -> Records:
    rows = RedPacketShare.objects.filter(
        packet__activity__community=community, account_id__in=ids
    )
    rows = rows.select_related("packet__activity").order_by("pk")
    return [
        {
            "activity": share.packet.activity.name,
            "packet": share.packet.n,
            "points": share.amount,
            "opened_at": share.at,
        }
        for share in rows
    ]

"""The tickets of a person in the export of their data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qunce.activities.instant_draws.models import InstantTicket
from qunce.members.people import person_export

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.people.person_export import Records


@person_export.register("instant_tickets")
def _tickets(community: Community, ids: Sequence[int]) -> Records:
    rows = InstantTicket.objects.filter(
        draw__activity__community=community, account_id__in=ids
    )
    rows = rows.select_related("draw__activity", "award__stock").order_by("pk")
    return [
        {
            "instant_draw": ticket.draw.activity.name,
            "number": ticket.number,
            "own_number": ticket.own_number,
            "drawn_at": ticket.at,
            "prize": ticket.award.stock.name if ticket.award else "",
        }
        for ticket in rows
    ]

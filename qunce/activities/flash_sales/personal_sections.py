"""What a person reserved in flash sales, in the export of their data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qunce.activities.flash_sales.models import Reservation, Waiter
from qunce.members.people import person_export

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.people.person_export import Records


@person_export.register("flash_sale_reservations")
def _reservations(community: Community, ids: Sequence[int]) -> Records:
    rows = Reservation.objects.filter(
        sale__activity__community=community, account_id__in=ids
    )
    return [
        {
            "activity": row.sale.activity.name,
            "prize": row.sale.stock.name,
            "state": row.state,
            "points": row.points,
            "at": row.at,
            "held_until": row.held_until,
        }
        for row in rows.select_related("sale__activity", "sale__stock").order_by("pk")
    ]


@person_export.register("flash_sale_waitlists")
def _waitlists(community: Community, ids: Sequence[int]) -> Records:
    rows = Waiter.objects.filter(
        sale__activity__community=community, account_id__in=ids
    )
    return [
        {"activity": row.sale.activity.name, "state": row.state, "at": row.at}
        for row in rows.select_related("sale__activity").order_by("pk")
    ]

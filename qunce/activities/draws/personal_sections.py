"""The tickets of a person in the export of their data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qunce.activities.draws.models import Ticket, TicketGrant
from qunce.members.people import person_export

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.people.person_export import Records


@person_export.register("draw_tickets")
def _tickets(community: Community, ids: Sequence[int]) -> Records:
    rows = Ticket.objects.filter(
        draw__activity__community=community, account_id__in=ids
    )
    return [
        {
            "draw": ticket.draw.activity.name,
            "number": ticket.number,
            "created_at": ticket.created_at,
            "removed": ticket.removed,
        }
        for ticket in rows.select_related("draw__activity").order_by("pk")
    ]


@person_export.register("further_tickets")
def _grants(community: Community, ids: Sequence[int]) -> Records:
    rows = TicketGrant.objects.filter(
        draw__activity__community=community, account_id__in=ids
    )
    return [
        {
            "draw": grant.draw.activity.name,
            "count": grant.count,
            "reason": grant.reason,
            "given_at": grant.given_at,
        }
        for grant in rows.select_related("draw__activity").order_by("pk")
    ]

"""What visitors read of instant draws: the terms are public, tickets are the member's own."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

from qunce.activities.activities import activities
from qunce.activities.activities.models import Activity
from qunce.activities.instant_draws import instant_draws, odds
from qunce.activities.instant_draws.models import InstantDraw, InstantTicket
from qunce.activities.red_packets import red_packets
from qunce.activities.red_packets.models import RedPacket
from qunce.members.accounts import queries as account_queries
from qunce.members.personal_links import purposes
from qunce.portal.visitors import rungs
from qunce.portal.visitors.rungs import Rung
from qunce.portal.visitors.visitors import Visitor

NAME = re.compile(r"([0-9a-f]{16})-([1-9][0-9]{0,8})")


def get(visitor: Visitor, public_id: str) -> InstantDraw:
    """The published instant draw of an activity; any other is not found."""
    activity = _find(visitor, public_id)
    draw = instant_draws.find(activity) if activity is not None else None
    if draw is None:
        raise activities.not_found()
    return draw


def _find(visitor: Visitor, public_id: str) -> Activity | None:
    return activities.find_public(visitor.community, public_id)


def require_ticket(visitor: Visitor, draw: InstantDraw, name: str) -> InstantTicket:
    """The visitor's own ticket; one of somebody else is not found.

    A personal link for the activity is enough.
    """
    public_id = draw.activity.public_id
    purpose = purposes.of(purposes.ACTIVITY, public_id)
    account = rungs.require(visitor, Rung.LINK, purpose=purpose)
    parts = NAME.fullmatch(name)
    for own in account_queries.account_ids_of_person(account):
        if parts is not None and odds.holder_of(public_id, own) == parts[1]:
            rows = InstantTicket.objects.filter(
                draw=draw, account_id=own, number=int(parts[2])
            )
            for ticket in rows.select_related("draw__activity", "award__stock"):
                return ticket
    raise instant_draws.InstantDrawNotFound(_("There is no such ticket."))


def get_packet(visitor: Visitor, public_id: str, n: int) -> RedPacket:
    """A red packet that is over, for everybody; any other is not found."""
    activity = _find(visitor, public_id)
    rows = RedPacket.objects.filter(activity=activity, n=n)
    for packet in rows.select_related("activity") if activity and n < 10**4 else []:
        if red_packets.is_over(packet):
            return packet
    raise activities.not_found()

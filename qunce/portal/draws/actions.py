"""What visitors read of draws: certificates are public, tickets are the member's own."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

from qunce.activities.activities import activities
from qunce.activities.draws import draws, ticket_tree, tickets
from qunce.activities.draws.models import Draw, State, Ticket
from qunce.members.accounts import queries as account_queries
from qunce.members.personal_links import purposes
from qunce.portal.visitors import rungs
from qunce.portal.visitors.rungs import Rung
from qunce.portal.visitors.visitors import Visitor

NUMBER = re.compile(r"[0-9a-f]{32}")


def get(visitor: Visitor, public_id: str) -> Draw:
    """The published draw of an activity; any other raises DrawNotFound."""
    activity = activities.find_public(visitor.community, public_id)
    draw = draws.find(activity) if activity is not None else None
    if draw is None or draw.state == State.PREPARED:
        raise draws.DrawNotFound(_("There is no such draw."))
    return draw


def _purpose_of(draw: Draw) -> str:
    return purposes.of(purposes.ACTIVITY, draw.activity.public_id)


def own_tickets(visitor: Visitor, draw: Draw) -> list[Ticket]:
    """The tickets of the visitor whom the page may show theirs."""
    account = visitor.account_for(_purpose_of(draw))
    if account is None:
        return []
    return tickets.find(draw, account_queries.account_ids_of_person(account))


def require_tickets(visitor: Visitor, draw: Draw) -> list[Ticket]:
    """The visitor's own tickets, for whom a personal link for the activity is enough."""
    rungs.require(visitor, Rung.LINK, purpose=_purpose_of(draw))
    rows = own_tickets(visitor, draw)
    if not rows:
        raise draws.DrawNotFound(_("You have no ticket of this draw."))
    return rows


def require_ticket(visitor: Visitor, draw: Draw, number: str) -> Ticket:
    """The visitor's own ticket with this number; one of somebody else is not found."""
    for row in require_tickets(visitor, draw):
        if row.number == number:
            return row
    raise draws.DrawNotFound(_("You have no ticket of this draw."))


def get_drawn(visitor: Visitor, public_id: str) -> Draw:
    """A draw that has winners; any other raises DrawNotFound."""
    draw = get(visitor, public_id)
    if draw.state != State.DRAWN:
        raise draws.DrawNotFound(_("There is no such draw."))
    return draw


def find_in_list(draw: Draw, number: str) -> int | None:
    """The place of a ticket in the closed list, from 1; 0 if it is not in it.

    None for what is no number of a ticket.
    """
    text = number.strip().lower()
    if not NUMBER.fullmatch(text):
        return None
    leaf = ticket_tree.leaf_of(bytes.fromhex(draw.terms_hash), bytes.fromhex(text))
    found = Ticket.objects.filter(draw=draw, leaf=leaf, place__isnull=False).first()
    return (found.place or 0) + 1 if found is not None else 0

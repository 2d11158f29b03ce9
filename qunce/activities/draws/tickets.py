"""Tickets: one chance of a person in an open draw, with a secret only they know."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.activities.draws import draws, ticket_tree
from qunce.activities.draws.models import Draw, State, Ticket, random_secret

if TYPE_CHECKING:
    from qunce.activities.activities.models import Activity


def issue(
    *,
    activity: Activity,
    account_id: int,
    person_id: int,
    accounts: Sequence[int],
    at: datetime,
) -> tuple[Ticket, bool]:
    """Give a person a ticket in an open draw, in the transaction of their entry.

    Returns the ticket, and whether it is new: `accounts` are all of the person's.
    """
    # The lock keeps the list from being closed while a ticket is being added.
    rows = Draw.objects.select_for_update(of=("self",)).filter(activity=activity)
    draw = rows.get()
    if draw.state != State.OPEN:
        raise draws.AlreadyPublished(_("The list of this draw is closed."))
    existing = find(draw, accounts)
    if existing:
        return existing[0], False
    secret = random_secret()
    ticket = Ticket.objects.create(
        draw=draw,
        account_id=account_id,
        person_id=person_id,
        secret=secret,
        leaf=ticket_tree.leaf_of(bytes.fromhex(draw.terms_hash), secret),
        created_at=at,
    )
    return ticket, True


def find(draw: Draw, accounts: Sequence[int]) -> list[Ticket]:
    """The tickets of these accounts in a draw, the oldest first."""
    rows = Ticket.objects.filter(draw=draw, account_id__in=accounts)
    return list(rows.order_by("created_at", "pk"))


def list_of_person(accounts: Sequence[int], *, limit: int = 50) -> list[Ticket]:
    """The tickets of these accounts in all draws, the newest first."""
    rows = Ticket.objects.filter(account_id__in=accounts)
    rows = rows.select_related("draw__activity__community")
    return list(rows.order_by("-created_at", "-pk")[:limit])

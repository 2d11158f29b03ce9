"""Tickets: the chances of a person in an open draw, each with a secret only they know."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext as _

from qunce.activities.activities import activities, entries
from qunce.activities.draws import draw_facts, draws, ticket_tree
from qunce.activities.draws.models import (
    Draw,
    State,
    Ticket,
    TicketGrant,
    random_secret,
)
from qunce.core import db, errors, names, text_validation
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.activities.activities.models import Activity
    from qunce.core.staff.models import Staff

MOST = "most_tickets"
"""The setting of a draw that says how many tickets a person can have."""
MAX_TICKETS, MAX_REASON = 100, 200


class InvalidGrant(errors.Invalid):
    """A number of further tickets or its reason is out of its limits."""


class CannotGrant(errors.Refused):
    """The member does not take part, or has as many tickets as the rules allow."""


# Checks


def _check_grant(count: int, reason: str) -> str:
    if not 1 <= count < MAX_TICKETS:
        raise InvalidGrant(
            _("Give 1 to %(n)s further tickets.") % {"n": MAX_TICKETS - 1}
        )
    text = names.clean(reason)
    if not text or len(text) > MAX_REASON or not text_validation.is_valid(text):
        raise InvalidGrant(
            _("Give a reason with at most %(n)s characters.") % {"n": MAX_REASON}
        )
    return text


# Verbs


def issue(
    *,
    activity: Activity,
    account_id: int,
    person_id: int,
    accounts: Sequence[int],
    at: datetime,
) -> tuple[list[Ticket], bool]:
    """Give a person their first ticket in an open draw, in the transaction of their entry.

    Returns all their tickets, and whether the first one is new: `accounts` are all of the
    person's. There are none if the person whom they were part of before has the ticket.
    """
    draw = _lock_open(activity)
    existing = find(draw, accounts)
    if existing:
        return existing, False
    if Ticket.objects.filter(draw=draw, person_id=person_id).exists():
        return [], False
    return [_create(draw, account_id, person_id, 1, at)], True


@transaction.atomic
def grant(
    *, draw: Draw, account_id: int, count: int, reason: str, by: Staff, at: datetime
) -> list[Ticket]:
    """Give a person who takes part further tickets; returns all their tickets.

    They never have more than the published rules say. After a merge of two accounts the
    older entry counts, which therefore gets them.
    """
    activities.check_may_manage(by, draw.activity)
    visibility.check_visible(by=by, accounts=[account_id], at=at)
    text = _check_grant(count, reason)
    draw = _lock_open(draw.activity)
    if draw.activity.ends_at is not None and at >= draw.activity.ends_at:
        raise draws.AlreadyPublished(_("The list of this draw is closed."))
    accounts = account_queries.account_ids_of_person(account_id)
    own = find(draw, accounts)
    if not own or entries.is_struck_out(draw.activity, accounts):
        raise CannotGrant(_("This member does not take part in the draw."))
    first, most = own[0], most_each(draw.activity)
    counted = [ticket.n for ticket in own if ticket.account_id == first.account_id]
    if len(counted) + count > most:
        raise CannotGrant(
            _("The rules allow %(most)s tickets each, and this member has %(n)s.")
            % {"most": most, "n": len(counted)}
        )
    for n in range(max(counted) + 1, max(counted) + 1 + count):
        own.append(_create(draw, first.account_id, first.person_id, n, at))
    TicketGrant.objects.create(
        draw=draw,
        account_id=first.account_id,
        count=count,
        reason=text,
        by=by,
        given_at=at,
    )
    fact_of = draw_facts.TicketsGiven
    draws.record(fact_of, draw, by=by, at=at, account=first.account_id, count=count)
    return own


def _lock_open(activity: Activity) -> Draw:
    # The lock keeps the list from being closed while a ticket is being added.
    rows = Draw.objects.select_for_update(of=("self",)).filter(activity=activity)
    draw = rows.select_related("activity__community").get()
    if draw.state != State.OPEN:
        raise draws.AlreadyPublished(_("The list of this draw is closed."))
    return draw


def _create(
    draw: Draw, account_id: int, person_id: int, n: int, at: datetime
) -> Ticket:
    secret = random_secret()
    return Ticket.objects.create(
        draw=draw,
        account_id=account_id,
        person_id=person_id,
        n=n,
        secret=secret,
        leaf=ticket_tree.leaf_of(bytes.fromhex(draw.terms_hash), secret),
        created_at=at,
    )


# Reads


def most_each(activity: Activity) -> int:
    """How many tickets a person can have at most."""
    return int(activity.settings.get(MOST, 1))


def find(draw: Draw, accounts: Sequence[int]) -> list[Ticket]:
    """The tickets of these accounts in a draw, the oldest first."""
    rows = Ticket.objects.filter(draw=draw, account_id__in=accounts)
    return list(rows.order_by("created_at", "pk"))


def find_by_draw_id(draw: int, accounts: Sequence[int]) -> list[Ticket]:
    """Like `find`, for the id of a draw."""
    rows = Ticket.objects.filter(draw=draw, account_id__in=accounts)
    return list(rows.select_related("draw__activity").order_by("created_at", "pk"))


def format_given(own: Sequence[Ticket]) -> str:
    """What a member reads who was given further tickets; "" without any."""
    if not own:
        return ""
    values = {"name": own[0].draw.activity.name, "numbers": list_numbers(own)}
    return _("You have more tickets in “%(name)s”. All of yours: %(numbers)s.") % values


def list_numbers(own: Sequence[Ticket]) -> str:
    """The numbers of tickets in one line."""
    return _(", ").join(ticket.number for ticket in own)


def list_of_person(
    accounts: Sequence[int], *, limit: int = 20
) -> list[tuple[Draw, list[Ticket]]]:
    """All tickets of these accounts in the newest draws, the newest draw first."""
    rows = Ticket.objects.filter(account_id__in=accounts)
    newest = db.rows(
        "SELECT DISTINCT draw_id FROM draws_ticket"  # noqa: S608 - ids only
        f" WHERE account_id {db.among_ids(accounts)} ORDER BY draw_id DESC LIMIT %s",
        [limit],
    )
    if not newest:
        return []
    by_draw: dict[int, list[Ticket]] = {pk: [] for (pk,) in newest}
    for ticket in rows.filter(draw__in=list(by_draw)).order_by("created_at", "pk"):
        by_draw[ticket.draw_id].append(ticket)
    found = Draw.objects.select_related("activity__community").in_bulk(list(by_draw))
    return [(found[pk], own) for pk, own in by_draw.items()]


def list_grants(draw: Draw) -> models.QuerySet[TicketGrant]:
    """The further tickets of a draw, the newest first."""
    return draw.grants.select_related("by").order_by("-pk")

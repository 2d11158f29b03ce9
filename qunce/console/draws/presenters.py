"""What the page of a draw shows."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from qunce.activities.draws import certificates, entrants, results, tickets
from qunce.activities.draws.models import Draw, Result, State, TicketGrant
from qunce.activities.prizes.models import Award
from qunce.activities.prizes.models import State as AwardState
from qunce.console import http, member_names
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility

TONES = {
    State.PREPARED: "",
    State.OPEN: "info",
    State.CLOSED: "warn",
    State.DRAWN: "good",
    State.VOID: "bad",
}
MAX_GRANTS = 50


@dataclass(frozen=True)
class WinnerLine:
    """A winner; `name` is empty for members whom the staff do not see."""

    k: int
    prize: str
    name: str
    award: Award | None
    may_replace: bool
    is_replaced: bool


def winner_lines(request: http.Request, draw: Draw) -> list[WinnerLine]:
    """The winners in their order, with names of those whom the staff see."""
    rows = list(results.list_winners(draw))
    accounts = [row.ticket.account_id for row in rows]
    names = member_names.find(accounts)
    seen = visibility.filter_visible(by=request.staff, accounts=accounts, at=request.at)
    persons = account_queries.person_ids(accounts)
    replaced = {row.instead_of for row in rows}
    prizes = {
        row.position: row.stock.name for row in draw.prizes.select_related("stock")
    }
    return [
        WinnerLine(
            k=row.k,
            prize=prizes[row.prize or 0],
            name=names.get(row.ticket.account_id, "")
            if persons[row.ticket.account_id] in seen
            else "",
            award=row.award,
            may_replace=_may_replace(draw, row, replaced),
            is_replaced=row.k in replaced,
        )
        for row in rows
    ]


def _may_replace(draw: Draw, row: Result, replaced: set[int | None]) -> bool:
    is_waiting = row.award is not None and row.award.state == AwardState.TO_CLAIM
    return draw.state == State.DRAWN and is_waiting and row.k not in replaced


def grant_lines(request: http.Request, draw: Draw) -> list[tuple[TicketGrant, str]]:
    """Further tickets with the name of the member, "" for those whom the staff do not see."""
    rows = list(tickets.list_grants(draw)[:MAX_GRANTS])
    accounts = [row.account_id for row in rows]
    names = member_names.find(accounts)
    seen = visibility.filter_visible(by=request.staff, accounts=accounts, at=request.at)
    persons = account_queries.person_ids(accounts)
    return [
        (row, names.get(row.account_id, "") if persons[row.account_id] in seen else "")
        for row in rows
    ]


def removed_lines(draw: Draw) -> list[tuple[str, int]]:
    return [
        (entrants.removal_label(reason), count)
        for reason, count in draw.removed.items()
    ]


def winners_text(request: http.Request, draw: Draw, page: str) -> str:
    """The text to post in groups: prizes with masked names, and where to verify it."""
    lines = [_("Winners of “%(name)s”:") % {"name": draw.activity.name}]
    by_prize: dict[str, list[str]] = {}
    for winner in certificates.list_winners(draw):
        if winner.replaced_by is None:
            by_prize.setdefault(winner.prize, []).append(winner.name)
    lines += [f"{prize}：{'、'.join(names)}" for prize, names in by_prize.items()]
    lines.append(_("The list of tickets has the hash %(root)s.") % {"root": draw.root})
    if page:
        lines.append(_("Verify it yourself: %(url)s") % {"url": page})
    return "\n".join(lines)


def certificate_url(draw: Draw) -> str:
    """The address of the public certificate."""
    activity = draw.activity
    return reverse(
        "portal:certificate", args=[activity.community.key, activity.public_id]
    )

"""Draws of activities: their prizes, public value, winners and certificate."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Field, Router

from qunce.activities.activities import activities
from qunce.activities.draws import (
    certificates,
    draws,
    public_values,
    results,
    tickets,
    voids,
)
from qunce.activities.draws.models import Draw
from qunce.activities.prizes import prizes
from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility

router = Router(auth=RequiresScope("activities", shows_members=True), tags=["draws"])
Reason = Annotated[str, Field(min_length=1, max_length=voids.MAX_REASON)]


class DrawPrizeIn(schemas.InputSchema):
    prize_id: schemas.Id
    count: Annotated[int, Field(ge=1, le=draws.MAX_WINNERS)]


class DrawPrizesIn(schemas.InputSchema):
    """In the order in which they are drawn."""

    prizes: Annotated[list[DrawPrizeIn], Field(max_length=draws.MAX_PRIZES)]


class PublicValueIn(schemas.InputSchema):
    """A figure needs its name, how many digits count, and when it is published."""

    source: Literal["drand", "figure"]
    figure_name: Annotated[str, Field(max_length=draws.MAX_FIGURE_NAME)] = ""
    figure_digits: (
        Annotated[int, Field(ge=draws.MIN_DIGITS, le=draws.MAX_DIGITS)] | None
    ) = None
    figure_at: schemas.Timestamp | None = None


class FigureIn(schemas.InputSchema):
    figure: Annotated[str, Field(min_length=2, max_length=18)]


class SignatureIn(schemas.InputSchema):
    signature: Annotated[str, Field(min_length=96, max_length=96)]


class TicketsIn(schemas.InputSchema):
    """`count` further tickets for a member who takes part."""

    member_id: schemas.Id
    count: Annotated[int, Field(ge=1, lt=tickets.MAX_TICKETS)]
    reason: Annotated[str, Field(min_length=1, max_length=tickets.MAX_REASON)]


class TicketsOut(schemas.OutputSchema):
    """The numbers of all tickets that the member has in this draw."""

    member_id: int
    tickets: list[str]


class VoidIn(schemas.InputSchema):
    reason: Reason


class NextWinnerIn(schemas.InputSchema):
    """`k` is the place of the winner whose prize goes to the next one."""

    k: Annotated[int, Field(ge=0, le=2**31 - 1)]
    reason: Reason


class DrawPrizeOut(schemas.OutputSchema):
    prize_id: int
    count: int


class WinnerOut(schemas.OutputSchema):
    """`member_id` is null for members whom you do not see."""

    k: int
    prize: int
    member_id: int | None
    award_id: int | None
    instead_of: int | None


class DrawOut(schemas.OutputSchema):
    """`root` is the hash of the closed list, `removed` how many were taken off by reason."""

    activity_id: int
    state: str
    source: str
    figure_name: str
    figure_digits: int | None
    figure_at: datetime | None
    prizes: list[DrawPrizeOut]
    terms_hash: str
    closed_at: datetime | None
    root: str
    tickets: int
    people: int
    removed: dict[str, int]
    drand_round: int | None
    public_value: str
    value: str
    void_reason: str
    winners: list[WinnerOut]


class CertificateOut(schemas.OutputSchema):
    """What `qunce draws verify` reads, as an object."""

    certificate: dict[str, Any]


def _get(request: ApiRequest, activity_id: int) -> Draw:
    activity = activities.get(by=request.by, pk=activity_id)
    return draws.get_visible(activity=activity, by=request.by)


def _serialize(request: ApiRequest, draw: Draw) -> dict[str, Any]:
    rows = list(results.list_winners(draw))
    accounts = [row.ticket.account_id for row in rows]
    names = (
        *("activity_id", "state", "source", "figure_name", "figure_digits"),
        *("figure_at", "terms_hash", "closed_at", "root", "removed"),
        *("drand_round", "public_value", "value", "void_reason"),
    )
    shown = visibility.filter_visible(by=request.by, accounts=accounts, at=request.at)
    persons = account_queries.person_ids(accounts)
    hidden = {account for account in accounts if persons[account] not in shown}
    return {
        **{name: getattr(draw, name) for name in names},
        "tickets": draw.tickets_count,
        "people": draw.people_count,
        "prizes": [
            {"prize_id": row.stock_id, "count": row.count} for row in draw.prizes.all()
        ],
        "winners": [
            {
                "k": row.k,
                "prize": row.prize,
                "member_id": None if account in hidden else account,
                "award_id": None if account in hidden else row.award_id,
                "instead_of": row.instead_of,
            }
            for row, account in zip(rows, accounts, strict=True)
        ],
    }


@router.get("/activities/{activity_id}/draw", response=DrawOut)
def get(request: ApiRequest, activity_id: schemas.Id) -> dict[str, Any]:
    """Get the draw of an activity."""
    return _serialize(request, _get(request, activity_id))


@router.put("/activities/{activity_id}/draw/prizes", response=DrawOut)
def set_prizes(
    request: ApiRequest, activity_id: schemas.Id, data: DrawPrizesIn
) -> dict[str, Any]:
    """Set the prizes of a draw that is not published."""
    activity = activities.get(by=request.by, pk=activity_id)
    draw = draws.prepare(activity=activity, by=request.by, at=request.at)
    chosen = [
        (prizes.get(pk=each.prize_id, by=request.by), each.count)
        for each in data.prizes
    ]
    draws.set_prizes(draw=draw, prizes=chosen, by=request.by, at=request.at)
    return get(request, activity_id)


@router.put("/activities/{activity_id}/draw/public-value", response=DrawOut)
def set_public_value(
    request: ApiRequest, activity_id: schemas.Id, data: PublicValueIn
) -> dict[str, Any]:
    """Choose the public value of a draw."""
    activity = activities.get(by=request.by, pk=activity_id)
    draw = draws.prepare(activity=activity, by=request.by, at=request.at)
    draws.set_public_value(draw=draw, by=request.by, at=request.at, **data.model_dump())
    return get(request, activity_id)


@router.post("/activities/{activity_id}/draw/tickets", response=TicketsOut)
def give_tickets(
    request: ApiRequest, activity_id: schemas.Id, data: TicketsIn
) -> dict[str, Any]:
    """Give a member further tickets, up to the number that the rules allow."""
    own = tickets.grant(
        draw=_get(request, activity_id),
        account_id=data.member_id,
        count=data.count,
        reason=data.reason,
        by=request.by,
        at=request.at,
    )
    return {"member_id": data.member_id, "tickets": [each.number for each in own]}


@router.post("/activities/{activity_id}/draw/figure", response=DrawOut)
def type_figure(
    request: ApiRequest, activity_id: schemas.Id, data: FigureIn
) -> dict[str, Any]:
    """Type the published figure. Two people have to type the same."""
    draw = _get(request, activity_id)
    public_values.type_figure(
        draw=draw, figure=data.figure, by=request.by, at=request.at
    )
    return get(request, activity_id)


@router.post("/activities/{activity_id}/draw/signature", response=DrawOut)
def paste_signature(
    request: ApiRequest, activity_id: schemas.Id, data: SignatureIn
) -> dict[str, Any]:
    """Submit the signature of the drand round, which is verified in the background."""
    draw = _get(request, activity_id)
    public_values.paste_signature(
        draw=draw, signature=data.signature, by=request.by, at=request.at
    )
    return get(request, activity_id)


@router.post("/activities/{activity_id}/draw/next-winner", response=DrawOut)
def draw_again(
    request: ApiRequest, activity_id: schemas.Id, data: NextWinnerIn
) -> dict[str, Any]:
    """Give a prize that its winner does not want to the next winner."""
    draw = _get(request, activity_id)
    results.draw_again(
        draw=draw, k=data.k, reason=data.reason, by=request.by, at=request.at
    )
    return get(request, activity_id)


@router.post("/activities/{activity_id}/draw/void", response=DrawOut)
def declare_void(
    request: ApiRequest, activity_id: schemas.Id, data: VoidIn
) -> dict[str, Any]:
    """Declare a closed draw void. Its certificate stays."""
    draw = _get(request, activity_id)
    voids.declare_void(draw=draw, reason=data.reason, by=request.by, at=request.at)
    return get(request, activity_id)


@router.get("/activities/{activity_id}/draw/certificate", response=CertificateOut)
def get_certificate(request: ApiRequest, activity_id: schemas.Id) -> dict[str, Any]:
    """Get the certificate of a draw, with the whole list of tickets."""
    text = certificates.to_text(_get(request, activity_id))
    return {"certificate": json.loads(text)}

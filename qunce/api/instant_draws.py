"""Instant draws and red packets: what is left of each, and who had what."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from ninja import Router

from qunce.activities.activities import activities
from qunce.activities.instant_draws import (
    instant_draws,
    instant_prizes,
    seeds,
    tickets,
)
from qunce.activities.kinds import red_packet
from qunce.activities.red_packets import red_packets
from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope

router = Router(
    auth=RequiresScope("activities", shows_members=True), tags=["instant draws"]
)
MAX_LISTED = 500


class InstantPrizeOut(schemas.OutputSchema):
    """`odds` are parts of a million. `released` can have been won until now."""

    prize_id: int
    odds: int
    total: int
    taken: int
    released: int


class SeedOut(schemas.OutputSchema):
    """`seed` is empty until its day is over."""

    day: date
    seed_hash: str
    seed: str


class InstantTicketOut(schemas.OutputSchema):
    """`drawn` and `won` are places in the list of prizes, null for none."""

    member_id: int
    number: int
    drawn: int | None
    won: int | None
    award_id: int | None
    at: datetime


class InstantDrawOut(schemas.OutputSchema):
    """The newest tickets are those of members whom you see, at most 500."""

    activity_id: int
    state: str
    terms_hash: str
    terms: dict[str, Any]
    prizes: list[InstantPrizeOut]
    seeds: list[SeedOut]
    tickets: list[InstantTicketOut]


class RedPacketShareOut(schemas.OutputSchema):
    member_id: int
    points: int
    at: datetime


class RedPacketOut(schemas.OutputSchema):
    """`file` is what `qunce draws verify` reads, null until the packet is over."""

    packet: int
    opens_at: datetime
    points: int
    shares: int
    taken: int
    seed_hash: str
    file: dict[str, Any] | None


class RedPacketsOut(schemas.OutputSchema):
    """The newest shares are those of members whom you see, at most 500."""

    activity_id: int
    packets: list[RedPacketOut]
    shares: list[RedPacketShareOut]


@router.get("/activities/{activity_id}/instant-draw", response=InstantDrawOut)
def get_draw(request: ApiRequest, activity_id: schemas.Id) -> dict[str, Any]:
    """Get a published instant draw. Seeds are secret until their day is over."""
    activity = activities.get(by=request.by, pk=activity_id)
    draw = instant_draws.get_visible(activity=activity, by=request.by)
    return {
        "activity_id": activity.pk,
        "state": draw.state,
        "terms_hash": draw.terms_hash,
        "terms": json.loads(draw.terms),
        "prizes": [
            {
                "prize_id": row.stock_id,
                "odds": row.odds,
                "total": row.total,
                "taken": row.taken,
                "released": instant_prizes.count_released(row, activity, request.at),
            }
            for row in instant_prizes.list_of(draw.pk)
        ],
        "seeds": [
            {
                "day": row.day,
                "seed_hash": row.seed_hash,
                "seed": row.seed if row.revealed_at is not None else "",
            }
            for row in seeds.list_of(draw)
        ],
        "tickets": [
            {
                "member_id": row.account_id,
                "number": row.number,
                "drawn": row.drawn,
                "won": row.won,
                "award_id": row.award_id,
                "at": row.at,
            }
            for row in tickets.list_visible(
                found=draw, by=request.by, at=request.at, limit=MAX_LISTED
            )
        ],
    }


@router.get("/activities/{activity_id}/red-packets", response=RedPacketsOut)
def list_packets(request: ApiRequest, activity_id: schemas.Id) -> dict[str, Any]:
    """List the red packets of an activity. Shares are secret until a packet is over."""
    activity = activities.get(by=request.by, pk=activity_id)
    if activity.kind != red_packet.KEY:
        raise activities.not_found()
    return {
        "activity_id": activity.pk,
        "packets": [
            {
                "packet": row.n,
                "opens_at": row.opens_at,
                "points": row.total,
                "shares": row.shares,
                "taken": row.taken,
                "seed_hash": row.seed_hash,
                "file": json.loads(red_packets.to_text(row))
                if red_packets.is_over(row)
                else None,
            }
            for row in red_packets.list_of(activity)
        ],
        "shares": [
            {"member_id": row.account_id, "points": row.amount, "at": row.at}
            for row in red_packets.list_visible(
                activity=activity, by=request.by, at=request.at, limit=MAX_LISTED
            )
        ],
    }

"""What the pages of instant draws and red packets show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.activities.activities.models import Activity
from qunce.activities.instant_draws import instant_prizes, odds, seeds, tickets
from qunce.activities.instant_draws.models import InstantDraw, InstantPrize
from qunce.activities.kinds import instant_draw
from qunce.activities.red_packets import red_packets
from qunce.activities.red_packets.models import RedPacket, RedPacketShare
from qunce.console import http, member_names
from qunce.core import community_days

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

MAX_SHOWN = 50


@dataclass(frozen=True)
class PrizeLine:
    """A prize; `waiting` are those that are released later."""

    row: InstantPrize
    odds: str
    left: int
    waiting: int


@dataclass(frozen=True)
class SeedLine:
    """A day; the seed is "" before it is revealed."""

    day: str
    seed_hash: str
    seed: str
    is_today: bool


@dataclass(frozen=True)
class Line:
    """What somebody drew or opened."""

    name: str
    account: int
    text: str
    at: datetime


@dataclass(frozen=True)
class PacketLine:
    row: RedPacket
    is_open: bool
    is_over: bool


def prize_lines(draw: InstantDraw, at: datetime) -> list[PrizeLine]:
    """The prizes with how many were won and are left."""
    found = []
    for row in instant_prizes.list_of(draw.pk):
        released = instant_prizes.count_released(row, draw.activity, at)
        found.append(
            PrizeLine(
                row=row,
                odds=odds.format_percent(row.odds),
                left=row.total - row.taken,
                waiting=row.total - released,
            )
        )
    return found


def seed_lines(draw: InstantDraw, at: datetime) -> list[SeedLine]:
    """The days until tomorrow with the hashes of their seeds, the newest first."""
    today = community_days.to_date(draw.activity.community.day(at))
    rows = [row for row in seeds.list_of(draw) if (row.day - today).days <= 1]
    return [
        SeedLine(
            day=row.day.isoformat(),
            seed_hash=row.seed_hash,
            seed=row.seed if row.revealed_at is not None else "",
            is_today=row.day == today,
        )
        for row in rows[::-1][:MAX_SHOWN]
    ]


def ticket_lines(request: http.Request, draw: InstantDraw) -> list[Line]:
    """The newest tickets of members whom the staff see."""
    rows = tickets.list_visible(
        found=draw, by=request.staff, at=request.at, limit=MAX_SHOWN
    )
    names = member_names.find([row.account_id for row in rows])
    return [
        Line(
            names.get(row.account_id, ""),
            row.account_id,
            instant_draw.outcome_text(row),
            row.at,
        )
        for row in rows
    ]


def packet_lines(activity: Activity, at: datetime) -> list[PacketLine]:
    return [
        PacketLine(row, row.opens_at <= at, red_packets.is_over(row))
        for row in red_packets.list_of(activity)
    ]


def share_lines(activity: Activity, *, by: Staff, at: datetime) -> list[Line]:
    """The newest shares of members whom the staff see."""
    rows = red_packets.list_visible(activity=activity, by=by, at=at, limit=MAX_SHOWN)
    names = member_names.find(_accounts(rows))
    return [
        Line(names.get(row.account_id, ""), row.account_id, f"{row.amount:,}", row.at)
        for row in rows
    ]


def _accounts(rows: Iterable[RedPacketShare]) -> list[int]:
    return [row.account_id for row in rows]

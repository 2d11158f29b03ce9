"""An instant draw for walks, and its seed revealed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.functional.member_site import parts


def open_instant(shown_as: str) -> dict[str, Any]:
    """An instant draw with two tickets a day, and a member with a link for it."""
    from qunce.activities.prizes import prizes
    from qunce.members.accounts import accounts

    community, by, _second = parts.staff()
    at = datetime.now(UTC)
    prize = prizes.create(
        community=community,
        name="紫砂小杯",
        kind="pick_up",
        total=5,
        instructions="前台领取",
        by=by,
        at=at,
    )
    row = {"prize": str(prize.pk), "odds": "100", "count": 5, "per_hour": None}
    settings = {"prizes": [row], "shown_as": shown_as, "tickets_per_day": 2}
    name, end = "周年刮刮卡", at + 24 * parts.HOUR
    draw = parts.create("instant_draw", name, at, ends_at=end, settings=settings)
    parts.publish(draw, at)
    member = accounts.create(
        community=community, key=draw.public_id, name=parts.NAME, by=by, at=at
    )
    return {
        "page": f"/p/{community.key}/a/{draw.public_id}",
        "link": parts.link(member.pk, draw),
    }


def reveal(page: str) -> int:
    """The clock of the next day reveals the seed; returns how many tickets were used."""
    from qunce.activities.instant_draws import seeds
    from qunce.activities.instant_draws.models import InstantTicket

    seeds.reveal_due(at=datetime.now(UTC) + 30 * parts.HOUR)
    return InstantTicket.objects.filter(draw__activity=parts.activity(page)).count()

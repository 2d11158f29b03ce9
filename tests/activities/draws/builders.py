"""Builds draws and prizes through the verbs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Activity
from qunce.activities.draws import draws
from qunce.activities.draws.models import Draw
from qunce.activities.kinds import base
from qunce.activities.kinds.base import Reply, Way
from qunce.activities.prizes import prizes
from qunce.activities.prizes.models import PrizeStock
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import factories
from tests.factories import AT, EVERYONE, HOUR

END = AT + HOUR
AFTER = END + timedelta(minutes=10)


def prize(
    by: Staff, name: str = "杯子", kind: str = "pick_up", **fields: Any
) -> PrizeStock:
    return prizes.create(
        **{
            "community": by.community,
            "name": name,
            "kind": kind,
            "total": 10,
            "instructions": "前台领取",
            "by": by,
            "at": AT,
            **fields,
        }
    )


def activity(by: Staff, **fields: Any) -> Activity:
    return activities.create(
        **{
            "community": by.community,
            "kind": "draw",
            "name": "周年抽奖",
            "text": "留言即可参加",
            "refusal": "只给老朋友",
            "may_join": EVERYONE,
            "starts_at": AT,
            "ends_at": END,
            "by": by,
            "at": AT,
            **fields,
        }
    )


def second(of: Community) -> Staff:
    return Staff.objects.filter(login="bea").first() or factories.staff(
        of, "manager", "bea"
    )


def publish(chosen: Activity, by: Staff) -> None:
    lifecycle.submit(activity=chosen, by=by, at=AT)
    lifecycle.approve(activity=chosen, by=second(by.community), at=AT)


def open_draw(
    by: Staff,
    *chosen: tuple[PrizeStock, int],
    figure: bool = True,
    **fields: Any,
) -> Draw:
    """A published draw, with a figure of 6 digits that is known 10 minutes after the end."""
    draw = draws.prepare(activity=activity(by, **fields), by=by, at=AT)
    draws.set_prizes(draw=draw, prizes=chosen or [(prize(by), 2)], by=by, at=AT)
    if figure:
        draws.set_public_value(
            draw=draw,
            source="figure",
            figure_name="双色球 2026-03-05",
            figure_digits=6,
            figure_at=AFTER,
            by=by,
            at=AT,
        )
    publish(draw.activity, by)
    draw.refresh_from_db()
    return draw


def join(draw: Draw, *accounts: int, at: datetime = AT) -> list[Reply]:
    chosen = Activity.objects.get(pk=draw.activity_id)
    return [
        base.take_part(
            activity=chosen,
            account_id=account,
            way=Way.CHAT,
            key=f"join:{account}",
            at=at,
        )
        for account in accounts
    ]


def close(draw: Draw, at: datetime = END) -> None:
    lifecycle.move_due(at=at)
    draw.refresh_from_db()

"""A mall, a flash sale and an auction for walks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.functional.member_site import parts


def open_mall() -> dict[str, Any]:
    """A mall, a flash sale and an auction that ends soon, and a member with 120 points."""
    from qunce.activities.points import earning
    from qunce.activities.prizes import prizes
    from qunce.members.accounts import accounts

    community, by, _second = parts.staff()
    at = datetime.now(UTC)
    mug, tea, pitcher = (
        prizes.create(
            community=community,
            name=name,
            kind="pick_up",
            total=5,
            instructions="前台领取",
            by=by,
            at=at,
        )
        for name in ("青瓷杯", "龙井一两", "签名茶壶")
    )
    items = [
        {"prize": str(mug.pk), "price": 30, "most": 1},
        {"prize": str(tea.pk), "price": 500, "most": None},
    ]
    mall = parts.create("mall", "茶友积分商城", at, settings={"items": items})
    sale = parts.create(
        "flash_sale",
        "龙井秒杀",
        at,
        ends_at=at + parts.HOUR,
        settings={"prize": str(tea.pk), "pieces": 2, "price_points": 20},
    )
    auction = parts.create(
        "auction",
        "茶壶竞拍",
        at,
        ends_at=at + parts.HOUR,
        settings={"prize": str(pitcher.pk), "start": 10, "step": 5},
    )
    for activity in (mall, sale, auction):
        parts.publish(activity, at)
    ids = []
    for key in (mall.public_id, auction.public_id):
        member = accounts.create(
            community=community, key=key, name=parts.NAME, by=by, at=at
        )
        earning.award(account_id=member.pk, amount=120, key=f"gift/{key}", by=by, at=at)
        ids.append(member.pk)
    root = f"/p/{community.key}/"
    return {
        "root": root,
        "member": ids[0],
        "other": ids[1],
        "mall": f"{root}a/{mall.public_id}",
        "sale": f"{root}a/{sale.public_id}",
        "auction": f"{root}a/{auction.public_id}",
    }


def outbid(page: str, member: int, points: int) -> dict[str, Any]:
    """Somebody else bids, in the last 60 seconds: the end is moved to now plus 50."""
    from qunce.activities.activities.models import Activity, Way
    from qunce.activities.auctions.models import Auction
    from qunce.activities.kinds import base

    at = datetime.now(UTC)
    activity = parts.activity(page)
    soon = at + timedelta(seconds=50)
    Auction.objects.filter(pk=activity.pk).update(ends_at=soon)
    Activity.objects.filter(pk=activity.pk).update(ends_at=soon)
    activity.refresh_from_db()
    reply = base.take_part(
        activity=activity,
        account_id=member,
        way=Way.CHAT,
        said=str(points),
        key=f"outbid:{points}",
        at=at,
    )
    activity.refresh_from_db()
    return {"accepted": reply.accepted, "moved": activity.ends_at != soon}

"""A live session for walks, and its end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.functional.member_site import parts

MINUTE = timedelta(minutes=1)


def open_live() -> dict[str, Any]:
    """A live session in some minutes, and two members with links for it."""
    from qunce.members.accounts import accounts

    community, by, _second = parts.staff()
    at = datetime.now(UTC)
    start = at + 5 * MINUTE
    settings = {
        "starts": start.isoformat(),
        "ends": (start + parts.HOUR).isoformat(),
        "platform": "抖音",
        "link": "https://live.example/room",
        "guests": [
            {"name": "老周", "role": "烘豆师"},
            {"name": "一个名字特别特别长的嘉宾用来看看会不会换行", "role": "主持人"},
        ],
        "word": "在看",
        "points": 5,
    }
    live = parts.create(
        "live_session",
        "开春新豆直播",
        at,
        ends_at=start + 4 * parts.HOUR,
        settings=settings,
    )
    parts.publish(live, at)
    members = [
        accounts.create(
            community=community,
            key=f"{live.public_id}-{number}",
            name=name,
            by=by,
            at=at,
        ).pk
        for number, name in enumerate(("韩梅梅", "李雷"))
    ]
    return {
        "pk": live.pk,
        "page": f"/p/{community.key}/a/{live.public_id}",
        "links": [parts.link(member, live) for member in members],
    }


def end_live(pk: int) -> dict[str, Any]:
    """Let the live session be over."""
    from qunce.activities.live_sessions.models import LiveSession

    at = datetime.now(UTC)
    LiveSession.objects.filter(activity=pk).update(
        starts_at=at - 2 * parts.HOUR, ends_at=at - parts.HOUR
    )
    return {}

"""Builds live sessions through the verbs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from qunce.activities.activities.models import Activity
from qunce.activities.kinds.base import Reply
from qunce.core.staff.models import Staff
from tests.activities import running
from tests.factories import AT

HOUR = timedelta(hours=1)
START = AT + timedelta(days=3)
END = START + 2 * HOUR
LINK = "https://live.example/room/8"
WORD = "签到"


def settings(start: datetime = START, **fields: Any) -> dict[str, Any]:
    return {
        "starts": start.isoformat(),
        "ends": (start + 2 * HOUR).isoformat(),
        "platform": "Douyin",
        "link": LINK,
        "word": WORD,
        **fields,
    }


def open_session(by: Staff, start: datetime = START, **fields: Any) -> Activity:
    """A published live session in three days, of two hours."""
    return running.running(
        by,
        "live_session",
        name="Spring tea live",
        ends_at=start + 6 * HOUR,
        settings=settings(start, **fields),
    )


def say(
    activity: Activity, account: int, said: str = "", at: datetime = AT, **fields: Any
) -> Reply:
    key = fields.pop("key", f"{said[:20]}/{at:%m%d%H%M%S}")
    return running.join(activity, account, at, said=said, key=key, **fields)


def enter(activity: Activity, account: int, at: datetime = START) -> Reply:
    return say(activity, account, "enter", at)

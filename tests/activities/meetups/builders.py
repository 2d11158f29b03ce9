"""Builds meet-ups through the verbs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from qunce.activities.activities.models import Activity
from qunce.activities.kinds.base import Reply
from qunce.activities.meetups.models import SignUp
from qunce.core.staff.models import Staff
from tests.activities import running
from tests.factories import AT

START = AT + timedelta(days=3)
PLACE = "Tea house, 8 Bund Road"


def settings(start: datetime = START, **fields: Any) -> dict[str, Any]:
    return {"place": PLACE, "starts": start.isoformat(), **fields}


def slot(
    start: datetime, capacity: int | None = 1, minutes: int = 30
) -> dict[str, Any]:
    return {"starts": start.isoformat(), "minutes": minutes, "capacity": capacity}


def question(text: str, *, required: bool = True) -> dict[str, Any]:
    return {"text": text, "required": required}


def open_meetup(by: Staff, start: datetime = START, **fields: Any) -> Activity:
    """A published meet-up in three days, of two hours."""
    return running.running(
        by,
        "meetup",
        name="Spring tasting",
        ends_at=start + timedelta(hours=6),
        settings=settings(start, **fields),
    )


def say(
    activity: Activity, account: int, said: str = "", at: datetime = AT, **fields: Any
) -> Reply:
    key = fields.pop("key", f"{said[:20]}/{at:%m%d%H%M%S}")
    return running.join(activity, account, at, said=said, key=key, **fields)


def cancel(activity: Activity, account: int, at: datetime = AT) -> Reply:
    return say(activity, account, "cancel", at, key=f"cancel/{at:%m%d%H%M%S}")


def states(activity: Activity) -> dict[int, str]:
    """The state of the sign-up of each account."""
    rows = SignUp.objects.filter(activity=activity)
    return dict(rows.values_list("account_id", "state"))

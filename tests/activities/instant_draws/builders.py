"""Builds instant draws through the verbs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from qunce.activities.activities.models import Activity
from qunce.activities.prizes.models import PrizeStock
from qunce.core.staff.models import Staff
from tests.activities import running
from tests.activities.draws import builders
from tests.factories import AT

END = AT + timedelta(days=2)
prize = builders.prize


def row(stock: PrizeStock, odds: str, count: int, per_hour: int | None = None) -> Any:
    return {
        "prize": str(stock.pk),
        "odds": odds,
        "count": count,
        "per_hour": per_hour,
    }


def draft(by: Staff, *rows: Any, **settings: Any) -> Activity:
    """A draft whose only prize is won by every ticket, unless there are other rows."""
    chosen = list(rows) or [row(prize(by), "100", 10)]
    ends_at = settings.pop("ends_at", END)
    starts_at = settings.pop("starts_at", AT)
    return running.draft(
        by,
        "instant_draw",
        name="周年转盘",
        starts_at=starts_at,
        ends_at=ends_at,
        settings={"prizes": chosen, **settings},
    )


def open_draw(by: Staff, *rows: Any, **settings: Any) -> Activity:
    activity = draft(by, *rows, **settings)
    running.publish(activity, by)
    return activity

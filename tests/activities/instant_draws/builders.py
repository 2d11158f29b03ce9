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
    names = ("name", "text", "refusal", "starts_at", "ends_at")
    fields = {name: settings.pop(name) for name in names if name in settings}
    return running.draft(
        by,
        "instant_draw",
        settings={"prizes": chosen, **settings},
        **{"name": "周年转盘", "ends_at": END, **fields},
    )


def open_draw(by: Staff, *rows: Any, **settings: Any) -> Activity:
    activity = draft(by, *rows, **settings)
    running.publish(activity, by)
    return activity

"""Builders of points for tests, through the verbs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from qunce import reactions
from qunce.activities.points import balances, earning, rules
from qunce.activities.points.models import PointRule
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from tests.factories import AT, LATER

DAY = timedelta(days=1)


def rule(of: Community, key: str = "review", **fields: Any) -> PointRule:
    """Create a rule that is on, for 10 points."""
    by = staff_models.system(of)
    made = rules.create(
        **{
            "community": of,
            "name": key.title(),
            "event": "review",
            "points": 10,
            "by": by,
            "at": AT - 30 * DAY,
            "key": key,
            **fields,
        }
    )
    rules.switch_on(rule=made, by=by, at=AT - 30 * DAY)
    return made


def award(account: int, amount: int, key: str = "", at: datetime = AT, **f: Any) -> int:
    """Give points without a rule; returns the id of their lot."""
    earned = earning.award(
        account_id=account,
        amount=amount,
        key=key or f"prize/{account}/{at}/{amount}",
        by=None,
        at=at,
        **f,
    )
    assert earned.entry is not None
    return earned.entry.pk


def usable(account: int, at: datetime = AT) -> int:
    """The points that a member can spend."""
    return balances.balance(account_id=account, at=at).usable


def react(at: datetime = LATER) -> None:
    """React to the facts that wait, as the worker does."""
    reactions.CONSUMER.catch_up(at=at)

"""Builds malls through the verbs."""

from __future__ import annotations

import itertools
from typing import Any

from qunce.activities.activities.models import Activity
from qunce.activities.mall.models import Redemption
from qunce.activities.prizes.models import PrizeStock
from qunce.core.staff.models import Staff
from qunce.members.accounts.models import Account
from tests import factories
from tests.activities import running
from tests.activities.draws.builders import prize
from tests.activities.points import builders as points
from tests.factories import AT

PRICE = 30
_gifts = itertools.count(1)


def item(of: PrizeStock, price: int = PRICE, most: int | None = 1) -> dict[str, Any]:
    return {"prize": str(of.pk), "price": price, "most": most}


def open_mall(
    by: Staff, *items: dict[str, Any], undo_minutes: int | None = 30, **fields: Any
) -> Activity:
    """A published mall; by default with ten mugs for 30 points, one each."""
    rows = list(items) or [item(prize(by))]
    settings = {"items": rows, "undo_minutes": undo_minutes}
    defaults = {"name": "Points mall", "ends_at": AT + 30 * running.DAY}
    return running.running(by, "mall", settings=settings, **{**defaults, **fields})


def rich(by: Staff, *keys: str, amount: int = 100) -> list[int]:
    """New members of these keys, with points."""
    ids = factories.members(by.community, *keys)
    for account in ids:
        points.award(account, amount, key=f"gift/{account}", at=AT - running.DAY)
    return ids


def enrich(by: Staff, amount: int = 100) -> None:
    """Give points to all members that there are."""
    for account in Account.objects.filter(community=by.community):
        key = f"gift/{account.pk}/{next(_gifts)}"
        points.award(account.pk, amount, key=key, at=AT - running.DAY)


def redeem(activity: Activity, account: int, said: str = "1", **fields: Any) -> Any:
    return running.join(activity, account, said=said, **fields)


def last() -> Redemption:
    return Redemption.objects.select_related("activity", "award").latest("pk")

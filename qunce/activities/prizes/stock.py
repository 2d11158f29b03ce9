"""How many of a prize are left, changed by conditional updates only.

A count that was read before is never written back: of two who take the last one at the
same time, one gets it.
"""

from __future__ import annotations

from django.db.models import F

from qunce.activities.prizes.models import PrizeStock
from qunce.core.prepared_queries import Param, PreparedQuery

_BY_ID = PreparedQuery(
    lambda: PrizeStock.objects.select_related("community").filter(pk=Param("pk"))
)


def find(stock_id: int) -> PrizeStock | None:
    """The prize with this number, for what a crowd asks for; nothing is checked."""
    return _BY_ID.first(pk=stock_id)


def take(*, stock_id: int, count: int = 1) -> bool:
    """Take prizes out of the stock; False, without a change, if fewer are left."""
    if count < 1:
        raise ValueError(f"{count} prizes cannot be taken")
    rows = PrizeStock.objects.filter(pk=stock_id, left__gte=count)
    return bool(rows.update(left=F("left") - count))


def give_back(*, stock_id: int, count: int = 1) -> None:
    """Put prizes that were taken back into the stock."""
    if count < 1:
        raise ValueError(f"{count} prizes cannot be given back")
    # The constraint refuses more than were taken.
    PrizeStock.objects.filter(pk=stock_id).update(left=F("left") + count)


def add(*, stock_id: int, count: int) -> None:
    """Raise the total and what is left by `count`."""
    rows = PrizeStock.objects.filter(pk=stock_id)
    rows.update(left=F("left") + count, total=F("total") + count)

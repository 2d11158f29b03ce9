"""Builds auctions through the verbs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from qunce.activities.activities.models import Activity
from qunce.activities.auctions.models import Auction, Bid
from qunce.core.staff.models import Staff
from tests.activities import running
from tests.activities.draws.builders import prize
from tests.factories import AT

END = AT + running.HOUR


def open_auction(
    by: Staff, start: int = 10, step: int = 5, ends_at: datetime = END, **fields: Any
) -> Activity:
    """A published auction of a mug that ends in an hour."""
    stock = fields.pop("stock", None) or prize(by)
    settings = {"prize": str(stock.pk), "start": start, "step": step}
    return running.running(
        by, "auction", name="The mug", settings=settings, ends_at=ends_at, **fields
    )


def bid(activity: Activity, account: int, amount: int | str, **fields: Any) -> Any:
    at = fields.get("at", AT)
    key = fields.pop("key", f"{amount}/{at:%H%M%S%f}")
    return running.join(activity, account, said=str(amount), key=key, **fields)


def standing() -> list[tuple[int, int, str]]:
    rows = Bid.objects.order_by("amount", "pk")
    return list(rows.values_list("account_id", "amount", "state"))


def auction() -> Auction:
    return Auction.objects.get()

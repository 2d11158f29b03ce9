"""Builds flash sales through the verbs."""

from __future__ import annotations

from typing import Any

from qunce.activities.activities.models import Activity
from qunce.activities.flash_sales.models import FlashSale, Reservation
from qunce.core.staff.models import Staff
from tests.activities import running
from tests.activities.draws.builders import prize
from tests.factories import AT

PRICE = 30


def open_sale(by: Staff, pieces: int = 10, **settings: Any) -> Activity:
    """A published sale that ends in an hour; confirmed for 30 points by default."""
    stock = settings.pop("stock", None) or prize(by, total=pieces)
    values = {
        "prize": str(stock.pk),
        "pieces": pieces,
        "most": 1,
        "hold_minutes": 15,
        "price_points": PRICE,
        "order_amount": None,
        **settings,
    }
    return running.running(
        by,
        "flash_sale",
        name="Tea at noon",
        settings=values,
        ends_at=AT + running.HOUR,
    )


def take(activity: Activity, account: int, said: str = "", **fields: Any) -> Any:
    return running.join(activity, account, said=said, **fields)


def last() -> Reservation:
    rows = Reservation.objects.select_related("sale__activity__community", "award")
    return rows.latest("pk")


def left() -> int:
    return FlashSale.objects.get().left

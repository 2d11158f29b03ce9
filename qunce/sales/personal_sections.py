"""The orders of a person in the export of their data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from qunce.members.people import person_export
from qunce.sales.models import Order

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.people.person_export import Records


@person_export.register("orders")
def _orders(community: Community, ids: Sequence[int]) -> Records:
    rows = Order.objects.filter(account_id__in=ids).order_by("paid_at", "pk")
    return [
        {
            "key": order.key,
            "paid_at": order.paid_at,
            "amount": order.amount,
            "currency": order.currency,
            "refunded_at": order.refunded_at,
            "refunded_amount": order.refunded_amount,
            **{
                name: json.loads(text)
                for name in ("items", "details", "refunds")
                if (text := getattr(order, name))
            },
        }
        for order in rows
    ]

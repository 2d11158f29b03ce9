"""The orders that cases of complaints show: groups know of orders only what is registered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from qunce.core import money
from qunce.core.staff.models import Staff
from qunce.groups.complaints import order_links
from qunce.groups.complaints.order_links import OrderCard
from qunce.sales import order_items, order_list, orders
from qunce.sales.models import Order
from qunce.sales.order_list import OrderFilters

MAX_LISTED, MAX_ITEMS_NAMED = 5, 3


def find(by: Staff, key: str, at: datetime) -> OrderCard | None:
    """The order of this number; the newest if several sources have one."""
    found = order_list.page(by=by, at=at, filters=OrderFilters(key=key), limit=1)
    return next((_card(order) for order in found.orders), None)


def list_latest(by: Staff, accounts: Sequence[int], at: datetime) -> list[OrderCard]:
    if not accounts:
        return []
    filters = OrderFilters(member=accounts[0])
    found = order_list.page(by=by, at=at, filters=filters, limit=MAX_LISTED)
    return [_card(order) for order in found.orders]


def _card(order: Order) -> OrderCard:
    named = [
        str(item.get("name") or "") for item in order_items.load_items(order.items)
    ]
    parts = [name for name in named if name][:MAX_ITEMS_NAMED]
    amount = money.format_with_currency(order.amount, order.currency)
    return OrderCard(
        pk=order.pk,
        key=order.key,
        text=" · ".join([*parts, amount]),
        status=str(orders.STATUSES[orders.status_of(order)]),
        paid_at=order.paid_at,
    )


order_links.register(find=find, list_latest=list_latest)

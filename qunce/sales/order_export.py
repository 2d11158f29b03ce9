"""Export of orders as CSV, as the list shows them: newest first, and only visible ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import communities, money, permissions
from qunce.core.facts import audit
from qunce.members.accounts import channel_labels, masking
from qunce.members.search import export
from qunce.sales import order_list, orders
from qunce.sales.order_list import OrderFilters

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff
    from qunce.sales.models import Order

EXPORTED = audit.declare("orders.exported", gettext_lazy("orders exported"))
PAGE_SIZE = 1_000


@dataclass(frozen=True)
class OrderExport(export.Table):
    """A started export, to be written once."""

    at: datetime
    filters: OrderFilters
    sources: dict[int, str]

    def headings(self) -> list[str]:
        return [
            _("Order number"),
            _("Shop"),
            _("Key"),
            _("Paid at"),
            _("Amount"),
            _("Refunded"),
            _("Currency"),
            _("Status"),
        ]

    def pages(self) -> Iterator[list[list[str]]]:
        before = None
        while True:
            page = order_list.page(
                by=self.by,
                at=self.at,
                filters=self.filters,
                before=before,
                limit=PAGE_SIZE,
            )
            yield self._rows(page.orders)
            if page.next is None:
                return
            before = page.next

    def _rows(self, found: list[Order]) -> list[list[str]]:
        buyers = order_list.find_buyers(found)
        zone = communities.zone(self.by.community)
        rows = []
        for order in found:
            buyer = buyers.get(order.account_id or 0)
            rows.append(
                [
                    order.key,
                    channel_labels.label_of(self.sources.get(order.source_id, "")),
                    masking.key(buyer.key, self.by) if buyer else "",
                    f"{order.paid_at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
                    money.format_amount(order.amount, order.currency),
                    money.format_amount(order.refunded_amount, order.currency),
                    order.currency,
                    str(orders.STATUSES[orders.status_of(order)]),
                ]
            )
        return rows


def start(*, by: Staff, at: datetime, filters: OrderFilters) -> OrderExport:
    """Start an export of the visible orders, and record it in the audit log."""
    permissions.check_may(by, export.EXPORT)
    audit.log(kind=EXPORTED, community=by.community, by=by, at=at)
    sources = orders.source_names(by.community)
    return OrderExport(by=by, at=at, filters=filters, sources=sources)

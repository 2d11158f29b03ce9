"""The orders of a file that are stored already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from qunce.core import db, timestamps
from qunce.core.facts import interned_names
from qunce.members.accounts import queries as account_queries
from qunce.sales import closed_orders, order_changes, order_facts, order_states
from qunce.sales.closed_orders import OrderId
from qunce.sales.models import ClosedOrder, Order
from qunce.sales.order_changes import ReportedOrder
from qunce.sales.order_states import OrderState
from qunce.sales.reconciliation.lines import Contradiction

if TYPE_CHECKING:
    from qunce.importing.plan.plan import ImportPlan
    from qunce.importing.targets.orders.lines import ChunkDecisions

KEYS_PER_QUERY = 5_000
"""SQLite accepts 32,766 parameters in one statement."""
SELECT = """
SELECT key, source_id, id, account_id, paid_at, amount, currency, refunds, items
FROM sales_order WHERE community_id = %s AND key
"""


@dataclass(frozen=True)
class StoredOrder:
    pk: int
    state: OrderState
    currency: str
    items: str | None


class StoredOrders:
    """Looks up stored orders, and compares them with those of the file."""

    def __init__(self, plan: ImportPlan) -> None:
        self._plan = plan
        self._community = plan.community.pk
        self._sources: dict[str, int] = {}
        self._reading = plan.options.answers.get("refunds", "")
        # Most first imports find nothing, which one look shows.
        self._has_any = Order.objects.filter(community_id=self._community).exists()
        self._has_closed = ClosedOrder.objects.filter(
            community_id=self._community
        ).exists()

    def source_id(self, shop: str) -> int:
        """Return the id of the source of a row, 0 if nothing of it is stored."""
        name = shop or self._plan.options.source
        if name not in self._sources:
            found = interned_names.find("source", self._community, name)
            self._sources[name] = found or 0
        return self._sources[name]

    def check(
        self,
        table: pa.Table,
        decided: ChunkDecisions,
        add: Callable[[int, str, str], None],
    ) -> None:
        """Add a problem for every order that contradicts the stored one."""
        if not self._has_any:
            return
        stored = self.find(table["order_key"])
        if not stored:
            return
        closed = self.find_closed(table["order_key"])
        keys, shops = table["order_key"].to_pylist(), table["shop"].to_pylist()
        known = [
            (index, old)
            for index, (key, shop) in enumerate(zip(keys, shops, strict=True))
            if decided.kept[index] and (old := stored.get((key, self.source_id(shop))))
        ]
        orders = decided.select(np.array([index for index, _old in known], np.int64))
        for (index, old), each in zip(known, orders, strict=True):
            try:
                identity = (keys[index], self.source_id(shops[index]))
                closing = order_changes.find_closing(each.order, closed.get(identity))
                self.merge(old, each.order, closing)
            except Contradiction as error:
                add(index, error.field, str(error))
                decided.drop(index)

    def find(self, keys: pa.ChunkedArray) -> dict[OrderId, StoredOrder]:
        found: dict[OrderId, StoredOrder] = {}
        if not self._has_any:
            return found
        for start in range(0, len(keys), KEYS_PER_QUERY):
            some = keys.slice(start, KEYS_PER_QUERY).to_pylist()
            condition, params = db.among(some)
            rows = db.rows(f"{SELECT} {condition}", [self._community, *params])
            for (
                key,
                source,
                pk,
                account,
                paid_at,
                amount,
                currency,
                refunds,
                items,
            ) in rows:
                state = OrderState(
                    account=account,
                    paid_at=paid_at,
                    amount=amount,
                    refunds=order_states.load_refunds(refunds),
                )
                found[key, source] = StoredOrder(pk, state, currency, items)
        return found

    def find_closed(self, keys: pa.ChunkedArray) -> dict[OrderId, int]:
        """Return when orders were closed, as other files reported it."""
        if not self._has_closed:
            return {}
        return closed_orders.find(self._community, keys.to_pylist())

    def merge(
        self, old: StoredOrder, order: ReportedOrder, closed_at: int | None
    ) -> OrderState:
        """Return the state after the file; raises Contradiction."""
        if order.paid_at != old.state.paid_at:
            local = timestamps.from_micros(order.paid_at).astimezone(self._plan.zone)
            order = order._replace(is_midnight=local.time() == time.min)
        return order_changes.merge(
            old.state, old.currency, order, self._reading, closed_at
        )


def find_fact_ids(
    plan: ImportPlan, moved: Iterable[tuple[str, OrderState]]
) -> list[int]:
    """Return the facts of orders whose member or time changes, to withdraw them."""
    from qunce.sets import fact_withdrawals

    searches = [(key, state.account, state.moments) for key, state in moved]
    return fact_withdrawals.find_ids(plan.community, order_facts.SPEND, searches)


def keep_accounts(
    orders: list[dict[str, Any]], stored: Mapping[OrderId, StoredOrder]
) -> None:
    """Name no account for orders whose stored one is another of the same person."""
    pairs = []
    for row in orders:
        before = stored.get((row["order_key"], row["source"]))
        known = before.state.account if before else None
        if known and row["account"] not in (None, known):
            pairs.append((row, known))
    people = account_queries.person_ids(
        account for row, known in pairs for account in (row["account"], known)
    )
    for row, known in pairs:
        if people.get(row["account"]) == people.get(known):
            row["account"] = None

"""Takes back orders of an import: as if they had not been recorded, or as they were."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.core import timestamps
from qunce.core.facts import facts
from qunce.sales import order_facts, order_items, order_states
from qunce.sales.models import Order
from qunce.sales.order_states import OrderLabel, OrderState
from qunce.sets import fact_withdrawals

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff


def remove(*, community: Community, removed: Sequence[Order]) -> None:
    """Delete orders and withdraw their facts, in the caller's transaction."""
    _withdraw(community, removed)
    Order.objects.filter(pk__in=[order.pk for order in removed]).delete()


def restore(
    *,
    community: Community,
    order: Order,
    before: OrderState,
    by: Staff,
    at: datetime,
) -> None:
    """Set an order back to a former state, in the caller's transaction.

    Its facts are recorded again, as a refund or a higher amount cannot be taken back by a
    further fact.
    """
    _withdraw(community, [order])
    order.account_id, order.amount = before.account, before.amount
    order.paid_at = timestamps.from_micros(before.paid_at)
    order.refunds = order_states.dump_refunds(before.refunds)
    order.refunded_amount = before.refunded
    last = max((moment for moment, _amount in before.refunds), default=None)
    order.refunded_at = None if last is None else timestamps.from_micros(last)
    order.save()
    items = json.loads(order.items) if order.items else ()
    label = OrderLabel(order.key, order.currency, order_items.list_categories(items))
    events = order_states.list_facts(label, before)
    facts.record_many(
        [event for event, _moment in events],
        community=community,
        by=by,
        at=at,
        happened_at=[timestamps.from_micros(moment) for _event, moment in events],
        source=order.source_id or None,
    )


def _withdraw(community: Community, rows: Sequence[Order]) -> None:
    found = fact_withdrawals.find_ids(
        community,
        order_facts.SPEND,
        [
            (order.key, order.account_id, order_states.state_of(order).moments)
            for order in rows
        ],
    )
    fact_withdrawals.withdraw(found)

"""Takes back orders of an import: as if they had not been recorded, or as they were."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.sales import order_facts, order_states
from qunce.sales.models import Order
from qunce.sales.order_states import OrderState
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
    order_states.save(order, before)
    events = order_states.list_facts(order_states.label_of(order), before)
    order_states.record(events, community=community, order=order, by=by, at=at)


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

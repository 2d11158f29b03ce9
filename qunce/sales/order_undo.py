"""Takes back orders of an import: as if they had not been recorded, or as they were.

Their facts are looked up before the transaction, as that reads the mirror.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Q

from qunce.sales import order_facts, order_states
from qunce.sales.models import Order
from qunce.sales.order_states import OrderState
from qunce.sets import fact_withdrawals

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.sets.fact_withdrawals import FoundIds


def find_facts(
    community: Community, states: Iterable[tuple[str, OrderState]]
) -> FoundIds:
    """Return the ids of the facts of orders in these states, by their keys."""
    searches = [(key, state.account, state.moments) for key, state in states]
    return fact_withdrawals.find(community, order_facts.SPEND, searches)


def lock(
    community: Community, identities: Iterable[tuple[str, int]]
) -> dict[tuple[str, int], Order]:
    """Return orders by key and source, locked until the commit."""
    keys_by_source: dict[int, list[str]] = {}
    for key, source in identities:
        keys_by_source.setdefault(source, []).append(key)
    # Without identities none, rather than all.
    wanted = Q(pk__in=[])
    for source, keys in keys_by_source.items():
        wanted |= Q(source_id=source, key__in=keys)
    own = Order.objects.filter(wanted, community_id=community.pk)
    rows = own.order_by("pk").select_for_update()
    return {(order.key, order.source_id): order for order in rows}


def remove(*, removed: Sequence[Order], found: FoundIds) -> None:
    """Delete orders and withdraw their facts, in the caller's transaction."""
    _withdraw(removed, found)
    Order.objects.filter(pk__in=[order.pk for order in removed]).delete()


def restore(
    *,
    community: Community,
    order: Order,
    before: OrderState,
    found: FoundIds,
    by: Staff,
    at: datetime,
) -> None:
    """Set an order back to a former state, in the caller's transaction.

    Its facts are recorded again, as a refund or a higher amount cannot be taken back by a
    further fact.
    """
    _withdraw([order], found)
    order_states.save(order, before)
    events = order_states.list_facts(order_states.label_of(order), before)
    order_states.record(events, community=community, order=order, by=by, at=at)


def _withdraw(rows: Sequence[Order], found: FoundIds) -> None:
    places = {
        (order.key, order.account_id, moment)
        for order in rows
        for moment in order_states.state_of(order).moments
    }
    ids = set().union(*(found.get(place, set()) for place in places))
    fact_withdrawals.withdraw(sorted(ids))

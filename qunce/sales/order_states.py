"""The states of an order, and the facts that lead from one state to another."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.core import timestamps
from qunce.core.facts import facts
from qunce.sales import order_items
from qunce.sales.models import Order
from qunce.sales.order_facts import OrderAmended, OrderPaid, OrderRefunded

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff


@dataclass(frozen=True, kw_only=True)
class OrderState:
    """What the facts of an order add up to; times are in microseconds.

    `refunds` are pairs of time and amount.
    """

    account: int | None
    paid_at: int
    amount: int
    refunds: tuple[tuple[int, int], ...] = ()

    @property
    def refunded(self) -> int:
        return sum(amount for _at, amount in self.refunds)

    @property
    def is_paid(self) -> bool:
        """Whether there was a payment: not for the cancellation of an unknown order."""
        return self.amount >= self.refunded

    @property
    def moments(self) -> set[int]:
        """When the facts of this state happened."""
        return {self.paid_at, *(at for at, _amount in self.refunds)}


@dataclass(frozen=True)
class OrderLabel:
    """What all facts of an order name."""

    key: str
    currency: str
    categories: Sequence[str] = ()


Event = tuple[facts.FactKind, int]
"""A fact and the microsecond when it happened."""


def list_facts(label: OrderLabel, state: OrderState) -> list[Event]:
    """Return all facts of an order that is new."""
    events: list[Event] = []
    if state.is_paid:
        payment = OrderPaid(
            account=state.account,
            order=label.key,
            amount=state.amount,
            currency=label.currency,
            categories=label.categories,
        )
        events.append((payment, state.paid_at))
    return events + list_refund_facts(label, state)


def list_refund_facts(label: OrderLabel, state: OrderState) -> list[Event]:
    return [_refund_fact(label, state, refund) for refund in state.refunds]


def list_corrections(
    label: OrderLabel, before: OrderState, after: OrderState
) -> list[Event]:
    """Return the facts that lead from one state to another of the same member and time."""
    if not before.is_paid:
        events = list_facts(label, replace(after, refunds=()))
    elif after.amount != before.amount:
        event = OrderAmended(
            account=after.account,
            order=label.key,
            amount=after.amount - before.amount,
            currency=label.currency,
        )
        events = [(event, after.paid_at)]
    else:
        events = []
    known = list(before.refunds)
    for refund in after.refunds:
        if refund in known:
            known.remove(refund)
        else:
            events.append(_refund_fact(label, after, refund))
    return events


def moves(before: OrderState, after: OrderState) -> bool:
    """Whether the facts are recorded again.

    They are if the member or the time changes, or if a refund is replaced by others.
    """
    if (before.account, before.paid_at) != (after.account, after.paid_at):
        return True
    return bool(Counter(before.refunds) - Counter(after.refunds))


def _refund_fact(
    label: OrderLabel, state: OrderState, refund: tuple[int, int]
) -> Event:
    at, amount = refund
    event = OrderRefunded(
        account=state.account,
        order=label.key,
        amount=amount,
        currency=label.currency,
        paid_at=state.paid_at,
    )
    return event, at


def state_of(order: Order) -> OrderState:
    return OrderState(
        account=order.account_id,
        paid_at=timestamps.to_micros(order.paid_at),
        amount=order.amount,
        refunds=load_refunds(order.refunds),
    )


def load_refunds(text: str | None) -> tuple[tuple[int, int], ...]:
    return tuple((at, amount) for at, amount in json.loads(text or "[]"))


def dump_refunds(refunds: Sequence[tuple[int, int]]) -> str | None:
    """Return refunds as JSON in the order of time, None without any."""
    if not refunds:
        return None
    return json.dumps(sorted(refunds), separators=(",", ":"))


def label_of(order: Order) -> OrderLabel:
    categories = order_items.list_categories(order_items.load_items(order.items))
    return OrderLabel(order.key, order.currency, categories)


def save(order: Order, state: OrderState) -> None:
    """Store a state in the row of the order, which the caller has locked."""
    order.account_id, order.amount = state.account, state.amount
    order.paid_at = timestamps.from_micros(state.paid_at)
    order.refunds = dump_refunds(state.refunds)
    order.refunded_amount = state.refunded
    last = max((at for at, _amount in state.refunds), default=None)
    order.refunded_at = None if last is None else timestamps.from_micros(last)
    order.save()


def record(
    events: Sequence[Event],
    *,
    community: Community,
    order: Order,
    by: Staff | None,
    at: datetime,
) -> None:
    """Record facts of an order with the times when they happened."""
    facts.record_many(
        [event for event, _moment in events],
        community=community,
        by=by,
        at=at,
        happened_at=[timestamps.from_micros(moment) for _event, moment in events],
        source=order.source_id or None,
    )

"""Takes back orders, and with them their payments, their refunds and what they earned.

An entry is `[key, source_id, old, new]`; see `encode_entry` for the states. `old` is null for an order that the import created.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.activities.points import undone_orders
from qunce.activities.points.undone_orders import UndoneOrder
from qunce.importing.jobs import journal
from qunce.importing.jobs.journal import ImportChange
from qunce.importing.undo.step_registry import Step, Undoing
from qunce.members.accounts import queries as account_queries
from qunce.sales import order_states, order_undo, purchase_tags
from qunce.sales.models import Order
from qunce.sales.order_states import OrderState

TOUCHED = "order_accounts"
"""Kind of the changes that name members whose purchase tags are to be recomputed."""


def encode_entry(key: str, source: int, old: OrderState | None, new: OrderState) -> str:
    """Return an entry as JSON."""
    states = (
        state and (state.account, state.paid_at, state.amount, state.refunds)
        for state in (old, new)
    )
    return journal.ENCODER.encode((key, source, *states))


def state_from_json(value: Sequence[Any]) -> OrderState:
    account, paid_at, amount, refunds = value
    return OrderState(
        account=account,
        paid_at=paid_at,
        amount=amount,
        refunds=tuple((at, refunded) for at, refunded in refunds),
    )


class OrderStep(Step):
    kind = "orders"
    position = 10
    label = gettext_lazy("orders taken back")
    entries_per_transaction = 1_000

    def look_up(self, undoing: Undoing, entries: Sequence[Any]) -> None:
        states = ((key, state_from_json(new)) for key, _source, _old, new in entries)
        self._facts = order_undo.find_facts(undoing.community, states)

    def undo(self, undoing: Undoing, entries: Sequence[Any]) -> int:
        found = order_undo.lock(
            undoing.community, [(key, source) for key, source, _old, _new in entries]
        )
        removed: list[Order] = []
        touched: set[int] = set()
        undone: list[UndoneOrder] = []
        # Who was erased since does not get an order back.
        erased = account_queries.find_erased(
            old[0] for _key, _source, old, _new in entries if old and old[0]
        )
        for key, source, old, new in reversed(entries):
            order = found.get((key, source))
            if order is None or order_states.state_of(order) != state_from_json(new):
                undoing.keep(key, _("This order has been changed since."))
                continue
            touched |= {a for a in (order.account_id, old and old[0]) if a} - erased
            if old is None:
                removed.append(order)
                undone.append(UndoneOrder(source=source, number=key))
            else:
                before = state_from_json(old)
                undone.append(
                    UndoneOrder(
                        source=source,
                        number=key,
                        amount=before.amount,
                        refunded=before.refunded,
                    )
                )
                if before.account in erased:
                    before = replace(before, account=None)
                order_undo.restore(
                    community=undoing.community,
                    order=order,
                    before=before,
                    found=self._facts,
                    by=undoing.by,
                    at=undoing.at,
                )
        order_undo.remove(removed=removed, found=self._facts)
        _take_points_back(undoing, undone)
        journal.record(undoing.job, TOUCHED, sorted(touched))
        return len(undone)

    def finish(self, undoing: Undoing) -> None:
        changes = ImportChange.objects.filter(job=undoing.job, kind=TOUCHED)
        touched = {pk for change in changes for pk in journal.load(change)}
        purchase_tags.recompute(
            community=undoing.community, accounts=sorted(touched), at=undoing.at
        )
        changes.delete()


def _take_points_back(undoing: Undoing, undone: Sequence[UndoneOrder]) -> None:
    taken = undone_orders.undo(
        community=undoing.community, undone=undone, at=undoing.at
    )
    for order, entry in taken:
        if entry.owed:
            text = _("Points of it were spent; the member owes them now.")
            undoing.keep(order.number, text)


STEP = OrderStep

"""The facts of orders: payments, refunds and corrections of amounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from qunce.core.facts import facts

LABELS = {
    "order": gettext_lazy("order number"),
    "amount": gettext_lazy("amount"),
    "currency": gettext_lazy("currency"),
    "categories": gettext_lazy("category"),
}


@facts.declare
@dataclass(frozen=True, kw_only=True)
class OrderPaid(facts.FactKind):
    """`order` is the key; `categories` are the distinct ones of the items, sorted."""

    kind = "order.paid"
    label = gettext_lazy("paid an order")
    money = ("amount",)
    labels = LABELS
    order: str
    amount: int
    currency: str
    categories: Sequence[str] = ()


@facts.declare
@dataclass(frozen=True, kw_only=True)
class OrderRefunded(facts.FactKind):
    """`amount` is that of this refund, not the sum of all refunds.

    `paid_at` is the microsecond of the payment, whose exchange rate holds for refunds.
    """

    kind = "order.refunded"
    label = gettext_lazy("was refunded for an order")
    money = ("amount",)
    labels = LABELS
    order: str
    amount: int
    currency: str
    paid_at: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class OrderAmended(facts.FactKind):
    """The amount paid was corrected; `amount` is the difference.

    `happened_at` is the time of payment, so that the sums of past days become right.
    """

    kind = "order.amended"
    label = gettext_lazy("had an order amount corrected")
    money = ("amount",)
    labels = LABELS
    instead = gettext_lazy(
        "Report order.paid again with the right amount, or import the orders."
    )
    order: str
    amount: int
    currency: str


SPEND = {OrderPaid.kind: 1, OrderAmended.kind: 1, OrderRefunded.kind: -1}
"""What a member spent is the sum of `amount` over these facts, with these signs."""

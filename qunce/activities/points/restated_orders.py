"""Points of orders whose facts are recorded again, as their buyer or time was corrected.

The facts before are withdrawn, and a payment and all refunds follow as if they were new.
What the first buyer earned is taken back, and the right one earns it, once: the key of the
order is free for them then. The refunds that follow count for whoever has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.activities.points import orders, undone_orders
from qunce.activities.points.models import PointLot
from qunce.activities.points.reversals import Reversal
from qunce.core import lots

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.facts import RecordedFact


def restate(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> list[tuple[RecordedFact, int]]:
    """Follow payments of orders that have earned before, in the caller's transaction.

    Returns the facts by which somebody else is the buyer, each with the id of the rule by
    which the first one had earned.
    """
    by_key = orders.find_earned(community, facts)
    moved = []
    for fact in facts:
        for earned in by_key.get(orders.key_of(fact), ()):
            if fact.account is None:
                continue
            reversal = Reversal(community, earned, None, at)
            if fact.account == earned.account_id:
                _count_again(community, reversal, fact, at)
                continue
            if reversal.left:
                reversal.take(reversal.left, f"moved/{fact.id}/{earned.pk}")
            undone_orders.forget(earned, reversal.own)
            moved.append((fact, earned.rule_id))
    return moved


def _count_again(
    community: Community, reversal: Reversal, fact: RecordedFact, at: datetime
) -> None:
    """Take back or give the difference to the new payment, before its refunds."""
    root, earned = reversal.root, reversal.earned
    amount = int(fact.payload.get("amount", 0))
    less = max(root.paid - amount, 0)
    due = lots.amount_to_take_back(
        earned=reversal.total, paid=root.paid, refunded=less, taken=0
    )
    PointLot.objects.filter(pk=earned.pk).update(refunded=less)
    surplus = min(due - root.taken, reversal.left)
    if surplus > 0:
        reversal.take(surplus, f"restated/{fact.id}/{earned.pk}")
    elif due < root.taken:
        undone_orders.give_again(community, reversal, root.taken - due, at)
    if amount > root.paid:
        orders.earn_more(community, earned, fact, amount - root.paid, at)

"""Points of orders whose import is undone: taken back, or as many as they were before.

Withdrawn facts cause no reaction, so the undo calls this itself, in its transaction and
before the facts of former states are recorded again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.db.models import F, Value
from django.db.models.functions import Cast, Concat

from qunce.activities.points import caps, earning, holders, orders, rules
from qunce.activities.points.earning import Earning
from qunce.activities.points.models import EntryKind, Event, PointEntry, PointLot
from qunce.activities.points.reversals import Reversal
from qunce.core import lots
from qunce.core.communities import Community
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class UndoneOrder:
    """`amount` is paid again, of which `refunded` was refunded; 0 for one that is gone."""

    source: int
    number: str
    amount: int = 0
    refunded: int = 0


@transaction.atomic
def undo(
    *, community: Community, undone: Iterable[UndoneOrder], at: datetime
) -> list[tuple[UndoneOrder, PointEntry]]:
    """Take back or give again what these orders earned; returns what was taken back.

    What was spent is owed. An order that is gone may earn again when it is imported again.
    """
    by_key = {
        orders.key_of_order(order.source, order.number): order for order in undone
    }
    taken = []
    for earned in _find(community, by_key):
        order = by_key[earned.key]
        reversal = Reversal(community, earned, None, at)
        surplus = reversal.total - reversal.root.taken - _points_of(reversal, order)
        if min(surplus, reversal.left) > 0:
            times = PointEntry.objects.filter(of_id=earned.pk).count()
            key = f"undo/{earned.pk}/{times}"
            taken.append((order, reversal.take(min(surplus, reversal.left), key)))
        elif surplus < 0:
            give_again(community, reversal, -surplus, at)
        if order.amount:
            # Its refunds are recorded again, and counted when they arrive.
            PointLot.objects.filter(pk=earned.pk).update(
                refunded=max(reversal.root.paid - order.amount, 0)
            )
        else:
            forget(earned, reversal.own)
    return taken


def _find(community: Community, by_key: Mapping[str, UndoneOrder]) -> list[PointEntry]:
    """What these orders earned, of members who were not erased since, and locked."""
    rule_ids = [rule.pk for rule in rules.list_of_event(community, Event.ORDER)]
    found: list[PointEntry] = []
    for keys in account_queries.chunks(sorted(by_key) if rule_ids else []):
        rows = PointEntry.objects.filter(
            rule_id__in=rule_ids,
            key__in=keys,
            kind=EntryKind.EARN,
            community_id=community.pk,
        )
        found += rows.order_by("pk")
    erased = account_queries.find_erased(row.account_id for row in found)
    found = [row for row in found if row.account_id not in erased]
    # All at a time and in one order, so that nobody waits in a circle.
    by_person = account_queries.accounts_by_person(row.account_id for row in found)
    holders.lock(community, account_queries.invert(by_person))
    return found


def _points_of(reversal: Reversal, order: UndoneOrder) -> int:
    """What is left of the points of an order in its former state."""
    root = reversal.root
    if order.amount <= 0 or root.paid <= 0:
        return 0
    back = max(root.paid - order.amount, 0) + order.refunded
    return reversal.total - lots.amount_to_take_back(
        earned=reversal.total, paid=root.paid, refunded=back, taken=0
    )


def give_again(
    community: Community, reversal: Reversal, points: int, at: datetime
) -> None:
    """Earn what refunds took that are undone, without a rule as its caps have counted it."""
    root, earned = reversal.root, reversal.earned
    number = PointEntry.objects.filter(account_id=earned.account_id).count()
    again = earning.earn_many(
        community=community,
        rule=None,
        earnings=[
            Earning(
                account=earned.account_id,
                key=f"undo/{earned.pk}/again/{number}",
                points=points,
                day=earned.day,
                usable_from=root.usable_from,
                last_day=root.last_day,
            )
        ],
        by=None,
        at=at,
    )
    # What would have expired since is not given.
    if again:
        PointLot.objects.filter(pk=root.pk).update(taken=F("taken") - points)


def forget(earned: PointEntry, own: Sequence[PointLot]) -> None:
    """Free the key of the order, and the caps of what it earned."""
    entries = PointEntry.objects.filter(pk__in=[lot.pk for lot in own])
    caps.release(entries)
    entries.update(
        key=Concat(
            Value(caps.UNDONE_PREFIX), Cast(F("pk"), models.CharField(max_length=20))
        )
    )

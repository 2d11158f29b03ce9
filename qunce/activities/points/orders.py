"""Points of orders: what refunds and corrections of amounts change.

Orders belong to sales, which activities do not know; their facts say all that is needed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from django.db.models import F, Sum

from qunce.activities.points import earning, reversals, rules
from qunce.activities.points.earning import Earning
from qunce.activities.points.models import (
    MAX_POINTS,
    EntryKind,
    Event,
    PointEntry,
    PointLot,
    PointRule,
)
from qunce.core.communities import Community
from qunce.core.facts.facts import RecordedFact
from qunce.members.accounts import queries as account_queries

PAID, REFUNDED, AMENDED = "order.paid", "order.refunded", "order.amended"
MAX_NUMBER = 180
"""Longer numbers of orders are shortened to this and what distinguishes them."""


def key_of(fact: RecordedFact) -> str:
    """The key of the order of a fact: two shops may use the same number."""
    return key_of_order(fact.source or 0, str(fact.payload.get("order", "")))


def key_of_order(source: int, number: str) -> str:
    if len(number) > MAX_NUMBER:
        digest = hashlib.sha256(number.encode()).hexdigest()
        number = f"{number[: MAX_NUMBER - 33]}/{digest[:32]}"
    return f"order/{source}/{number}"


def react_to_refunds(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `order.refunded`: take back the share of what the order earned."""
    known = find_earned(community, facts)
    for fact in facts:
        amount = int(fact.payload.get("amount", 0))
        if amount > 0 and key_of(fact) in known:
            reversals.reverse_order(
                community=community,
                source_key=key_of(fact),
                refunded=amount,
                key=f"refund/{fact.id}",
                by=None,
                at=at,
            )


def react_to_corrections(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `order.amended`: what is paid less is taken back, what is more is earned."""
    known = find_earned(community, facts)
    for fact in facts:
        difference = int(fact.payload.get("amount", 0))
        if difference < 0 and key_of(fact) in known:
            reversals.reverse_order(
                community=community,
                source_key=key_of(fact),
                refunded=-difference,
                key=f"correction/{fact.id}",
                by=None,
                at=at,
            )
        elif difference > 0:
            for earned in known.get(key_of(fact), ()):
                earn_more(community, earned, fact, difference, at)


def earn_more(
    community: Community,
    earned: PointEntry,
    fact: RecordedFact,
    difference: int,
    at: datetime,
) -> None:
    """Earn for an amount that is higher by `difference`; the lot belongs to the first one."""
    rule = PointRule.objects.select_related("community").get(pk=earned.rule_id)
    if not rule.is_on or rule.archived_at is not None:
        return
    lot = PointLot.objects.get(pk=earned.pk)
    parts = PointLot.objects.filter(root_id=lot.pk).aggregate(sum=Sum("amount"))
    due = rules.points_for(rule, lot.paid + difference, rule.currency)
    # By the multiplier of the first one, as refunds go back by it, too.
    due = min(due * lot.percent // 100, MAX_POINTS)
    today = community.day(at)
    usable_from, last_day = rules.days_of(rule, today)
    PointLot.objects.filter(pk=lot.pk).update(paid=F("paid") + difference)
    more = due - lot.amount - (parts["sum"] or 0)
    if more > 0:
        extra = Earning(
            account=earned.account_id,
            key=f"{earned.key}/{fact.id}",
            points=more,
            # On the day of the order, to which a refund belongs as well.
            day=earned.day,
            usable_from=usable_from,
            last_day=last_day,
            root=lot.pk,
            percent=100,
        )
        earning.earn_many(
            community=community, rule=rule, earnings=[extra], by=None, at=at
        )


def find_earned(
    community: Community, facts: Sequence[RecordedFact]
) -> dict[str, list[PointEntry]]:
    """What the orders of these facts earned, by key, of members who were not erased."""
    rows = PointEntry.objects.filter(
        rule_id__in=[rule.pk for rule in rules.list_of_event(community, Event.ORDER)],
        key__in={key_of(fact) for fact in facts},
        kind=EntryKind.EARN,
        community_id=community.pk,
    )
    found = list(rows.order_by("pk"))
    erased = account_queries.find_erased(row.account_id for row in found)
    by_key: dict[str, list[PointEntry]] = {}
    for row in found:
        if row.account_id not in erased:
            by_key.setdefault(row.key, []).append(row)
    return by_key

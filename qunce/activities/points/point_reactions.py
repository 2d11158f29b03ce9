"""Reactions to facts of other domains: what members earn for, and what takes it back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.activities.points import (
    earning,
    orders,
    restated_orders,
    rules,
)
from qunce.activities.points.earning import Earning
from qunce.activities.points.models import Event, PointEntry, PointRule
from qunce.core.communities import Community
from qunce.core.facts.facts import RecordedFact
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from qunce.core.facts.fact_consumers import Reaction

KINDS: Mapping[str, str] = {
    accounts.MemberJoined.kind: Event.JOIN,
    orders.PAID: Event.ORDER,
    "check_in.recorded": Event.CHECK_IN,
    "task.completed": Event.TASK,
    "survey.answered": Event.SURVEY,
    "review.written": Event.REVIEW,
}
"""What each kind of fact is, for rules. Programs may report what nothing here records."""
STRUCK_OUT, RESTORED = "check_in.struck_out", "check_in.restored"


def earn(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> list[PointEntry]:
    """Reaction to all kinds of KINDS: earn by the rules that are on."""
    event = KINDS[facts[0].kind]
    return [
        entry
        for rule in rules.list_active(community, event)
        for entry in earning.earn_many(
            community=community,
            rule=rule,
            earnings=list_earnings(
                rule, [fact for fact in facts if fact.happened_at >= rule.starts_at]
            ),
            by=None,
            at=at,
        )
    ]


def restate(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `order.paid`, before `earn`: an order that earned has another buyer."""
    for fact, rule_id in restated_orders.restate(
        community=community, facts=facts, at=at
    ):
        # Also by a rule that has been switched off since, by which the first one earned.
        rule = PointRule.objects.select_related("community").get(pk=rule_id)
        earning.earn_many(
            community=community,
            rule=rule,
            earnings=list_earnings(rule, [fact]),
            by=None,
            at=at,
        )


def list_earnings(
    rule: PointRule, facts: Sequence[RecordedFact], today: int | None = None
) -> list[Earning]:
    """What facts of the rule's kind earn; points are usable from their day, or `today`."""
    community = rule.community
    siblings: Mapping[int, Sequence[int]] = {}
    if rule.event == Event.JOIN:
        siblings = _siblings(fact.account for fact in facts if fact.account)
    earnings = []
    for fact in facts:
        points, paid = rule.points, 0
        if rule.event == Event.ORDER:
            paid = int(fact.payload.get("amount", 0))
            points = rules.points_for(rule, paid, str(fact.payload.get("currency")))
        if fact.account is None or points <= 0:
            continue
        day = community.day(fact.happened_at)
        first, last = rules.days_of(rule, day if today is None else today)
        earnings.append(
            Earning(
                account=fact.account,
                key=key_of(rule.event, fact),
                points=points,
                day=day,
                paid=paid,
                usable_from=first,
                last_day=last,
                others=tuple(f"join/{each}" for each in siblings.get(fact.account, ())),
            )
        )
    return earnings


def key_of(event: str, fact: RecordedFact) -> str:
    """What is paid for once: an account's joining, an order, a check-in, or else the fact."""
    keys: dict[str, Callable[[], str]] = {
        Event.JOIN: lambda: f"join/{fact.account}",
        Event.ORDER: lambda: orders.key_of(fact),
        Event.CHECK_IN: lambda: f"check_in/{fact.payload.get('check_in', fact.id)}",
    }
    return keys.get(event, lambda: f"fact/{fact.id}")()


def _siblings(found: Iterable[int]) -> dict[int, list[int]]:
    by_person = account_queries.accounts_by_person(found)
    return {
        account: [each for each in own if each != account]
        for own in by_person.values()
        for account in own
    }


REACTIONS: dict[str, tuple[Reaction, ...]] = {
    **dict.fromkeys(KINDS, (earn,)),
    orders.PAID: (restate, earn),
    orders.REFUNDED: (orders.react_to_refunds,),
    orders.AMENDED: (orders.react_to_corrections,),
}

"""A rule that is run over the past: what happened before its start earns after all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.activities.points import earning, orders, point_reactions, rules
from qunce.activities.points.caps import limits_of
from qunce.activities.points.earning import Earning
from qunce.activities.points.models import Event, PointEntry, PointLot, PointRule
from qunce.activities.points.periods import period_of
from qunce.core import lots
from qunce.core.facts import facts
from qunce.core.facts.facts import RecordedFact
from qunce.groups import working_people
from qunce.members.accounts import queries as account_queries
from qunce.sets import timelines

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

EARNINGS_PER_TRANSACTION = 500


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PointRuleRunOverPast(rules.RuleFact):
    kind = "point_rule.run_over_past"
    label = gettext_lazy("rule of points run over the past")
    since: str
    points: int


@dataclass(frozen=True)
class Preview:
    """What a run would earn; `capped` are points that caps keep back."""

    events: int
    people: int
    points: int
    capped: int


def check_since(rule: PointRule, since: datetime, at: datetime) -> None:
    if since >= at:
        raise rules.InvalidRule("since", _("Choose a day in the past."))
    if not rule.is_on or rule.archived_at is not None:
        raise rules.InvalidRule("since", _("Switch the rule on first."))


def preview(*, rule: PointRule, since: datetime, by: Staff, at: datetime) -> Preview:
    """What a run over what happened since would earn. Nothing is changed."""
    rules.check_may_manage(by, rule)
    check_since(rule, since, at)
    found, changes = _list_new(rule, since, at)
    by_person = account_queries.accounts_by_person(each.account for each in found)
    people = account_queries.invert(by_person)
    found = earning.multiply(rule, found, by_person, people, at)
    used: Counter[tuple[int, str]] = Counter()
    points = capped = 0
    earners: set[int] = set()
    for each in found:
        person = people[each.account]
        periods = {
            (person, period_of(kind, each.day)): cap
            for kind, cap in limits_of(rule).items()
        }
        left = min([each.points, *(cap - used[key] for key, cap in periods.items())])
        left = max(left, 0)
        used.update(dict.fromkeys(periods, left))
        net = left - _count_back(each, left, changes.get(each.key, ()))
        points, capped = points + net, capped + each.points - left
        if left:
            earners.add(person)
    return Preview(len(found), len(earners), points, capped)


def run(*, rule: PointRule, since: datetime, by: Staff, at: datetime) -> int:
    """Let what happened since earn; returns the points. Its points are valid from today.

    It may be called again: what earned once earns nothing more.
    """
    rules.check_may_manage(by, rule)
    check_since(rule, since, at)
    (found, changes), points = _list_new(rule, since, at), 0
    for chunk in account_queries.chunks(found, EARNINGS_PER_TRANSACTION):
        with transaction.atomic():
            entries = earning.earn_many(
                community=rule.community, rule=rule, earnings=chunk, by=None, at=at
            )
            since_then = [f for entry in entries for f in changes.get(entry.key, ())]
            orders.react_to_refunds(
                community=rule.community,
                facts=[fact for fact in since_then if fact.kind == orders.REFUNDED],
                at=at,
            )
            orders.react_to_corrections(
                community=rule.community,
                facts=[fact for fact in since_then if fact.kind == orders.AMENDED],
                at=at,
            )
        points += _sum_net(entries)
    fact = PointRuleRunOverPast(
        rule=rule.key, since=since.date().isoformat(), points=points
    )
    with transaction.atomic():
        facts.record(fact, community=rule.community, by=by, at=at)
    return points


Changes = dict[str, list[RecordedFact]]
"""Refunds and corrections of orders by their key, in the order of the log."""


def _count_back(earning: Earning, points: int, changes: Sequence[RecordedFact]) -> int:
    """What refunds and lower amounts take back of an order's points."""
    refunded = sum(
        abs(int(fact.payload.get("amount", 0)))
        for fact in changes
        if fact.kind == orders.REFUNDED or int(fact.payload.get("amount", 0)) < 0
    )
    return lots.amount_to_take_back(
        earned=points, paid=earning.paid, refunded=refunded, taken=0
    )


def _sum_net(entries: Sequence[PointEntry]) -> int:
    """What these entries earned, less what was taken back of it."""
    rows = PointLot.objects.filter(pk__in=[entry.pk for entry in entries])
    found = rows.aggregate(amount=Sum("amount"), taken=Sum("taken"))
    return (found["amount"] or 0) - (found["taken"] or 0)


def _list_changes(rule: PointRule, since: datetime, at: datetime) -> Changes:
    """What happened to the orders since, or which check-ins were struck out."""
    kinds = {
        Event.ORDER: (orders.REFUNDED, orders.AMENDED),
        Event.CHECK_IN: (point_reactions.STRUCK_OUT, point_reactions.RESTORED),
    }.get(Event(rule.event), ())
    found: Changes = {}
    for fact in sorted(
        timelines.list_facts_of_kinds(
            community=rule.community, kinds=kinds, since=since, until=at
        ),
        key=lambda each: each.id,
    ):
        found.setdefault(point_reactions.key_of(rule.event, fact), []).append(fact)
    return found


def _list_new(
    rule: PointRule, since: datetime, at: datetime
) -> tuple[Sequence[Earning], Changes]:
    """What happened since and has earned nothing yet, in the order of its days.

    Besides it stands what changed these orders; check-ins that are struck out are left out.
    """
    community = rule.community
    kinds = [
        kind for kind, event in point_reactions.KINDS.items() if event == rule.event
    ]
    past = timelines.list_facts_of_kinds(
        community=community, kinds=kinds, since=since, until=at
    )
    listed = point_reactions.list_earnings(rule, past, community.day(at))
    listed = list({each.key: each for each in reversed(listed)}.values())
    accounts = {each.account for each in listed}
    barred = working_people.find(accounts) | account_queries.find_erased(accounts)
    known = earning.find_known(community, rule, listed)
    changes = _list_changes(rule, since, at)
    struck_out = {
        key
        for key, own in changes.items()
        if own[-1].kind == point_reactions.STRUCK_OUT
    }
    new = sorted(
        (
            each
            for each in listed
            if each.account not in barred
            and each.key not in struck_out
            and known.isdisjoint((each.key, *each.others))
        ),
        key=lambda each: (each.day, each.key),
    )
    return new, changes

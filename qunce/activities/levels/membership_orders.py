"""Memberships that orders buy, and the reminders before they end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Max

from qunce.activities.levels import level_facts, memberships
from qunce.activities.levels.models import MembershipPlan, MembershipTerm
from qunce.activities.points import orders
from qunce.core import community_days, names
from qunce.core.communities import Community
from qunce.core.facts import facts as fact_log
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from qunce.core.facts.facts import RecordedFact

MAX_REMINDED = 500


def react_to_paid(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `order.paid`: orders with the category of a plan buy a term of it."""
    plans: dict[str, list[MembershipPlan]] = {}
    rows = MembershipPlan.objects.filter(
        community=community, archived_at__isnull=True
    ).exclude(category="")
    for plan in rows.select_related("community"):
        plans.setdefault(plan.category.casefold(), []).append(plan)
    if not plans:
        return
    for fact in facts:
        if fact.account is None:
            continue
        categories = {
            names.clean(str(each)).casefold()
            for each in fact.payload.get("categories") or ()
        }
        for category in sorted(categories & set(plans)):
            for plan in plans[category]:
                if fact.happened_at >= plan.created_at:
                    _buy(plan, fact, at)


def _buy(plan: MembershipPlan, fact: RecordedFact, at: datetime) -> None:
    key = orders.key_of(fact)
    known = MembershipTerm.objects.filter(plan=plan, source_key=key).first()
    if known is not None and known.account_id != fact.account:
        # The order has another buyer than it had first; the term moves to them.
        people = [known.account_id, fact.account or 0]
        MembershipTerm.objects.filter(pk=known.pk).update(
            account_id=fact.account,
            person_id=account_queries.person_ids([people[1]])[people[1]],
        )
        for account in people:
            memberships.recompute_person(plan.community, account)
        return
    memberships.buy(
        plan=plan,
        account_id=fact.account or 0,
        key=key,
        day=plan.community.day(fact.happened_at),
        paid=int(fact.payload.get("amount", 0)),
        at=at,
    )


def react_to_refunds(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `order.refunded`: what is refunded in full buys no term."""
    by_key: dict[str, list[int]] = {}
    for fact in facts:
        amount = int(fact.payload.get("amount", 0))
        if amount > 0:
            by_key.setdefault(orders.key_of(fact), []).append(amount)
    rows = MembershipTerm.objects.filter(community=community, source_key__in=by_key)
    for term in rows.select_related("plan__community").order_by("pk"):
        memberships.refund(term, amount=sum(by_key[term.source_key]), at=at)


def react_to_merge(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to a merge or its undoing: the terms of a person follow each other."""
    accounts = list_joined(facts)
    by_person = account_queries.accounts_by_person(accounts)
    for person in {*by_person, *accounts}:
        memberships.recompute_person(community, person)


def list_joined(facts: Sequence[RecordedFact]) -> list[int]:
    """Both accounts of each merge or its undoing."""
    found = {fact.account for fact in facts} | {
        int(fact.payload["other"]) for fact in facts if "other" in fact.payload
    }
    return sorted(account for account in found if account is not None)


def remind_due(*, at: datetime) -> int:
    """Record once that memberships end in the days that their plan says; a job."""
    done = 0
    for plan in MembershipPlan.objects.filter(remind_days__gt=0).select_related(
        "community"
    ):
        today = plan.community.day(at)
        rows = MembershipTerm.objects.filter(
            plan=plan,
            cancelled_at__isnull=True,
            last_day__gte=today,
            last_day__lte=today + plan.remind_days,
        ).exclude(reminded_for=F("last_day"))
        for pk in rows.order_by("pk").values_list("pk", flat=True)[:MAX_REMINDED]:
            with transaction.atomic():
                done += _remind(plan, pk, at)
    return done


def _remind(plan: MembershipPlan, pk: int, at: datetime) -> int:
    term = MembershipTerm.objects.get(pk=pk)
    rows = MembershipTerm.objects.filter(pk=pk).exclude(reminded_for=term.last_day)
    if not rows.update(reminded_for=term.last_day):
        return 0
    own = account_queries.account_ids_of_person(term.account_id)
    last = MembershipTerm.objects.filter(
        plan=plan, account_id__in=own, cancelled_at__isnull=True
    ).aggregate(last=Max("last_day"))["last"]
    if last != term.last_day:
        # It is renewed already.
        return 0
    fact = level_facts.MembershipEnding(
        account=term.account_id,
        plan=plan.key,
        last_day=community_days.to_date(term.last_day).isoformat(),
    )
    fact_log.record(fact, community=plan.community, by=None, at=at)
    return 1

"""Really run races: many threads with connections of their own, on both databases."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest

from qunce.activities.points import balances, earning, spending
from qunce.activities.points.models import PointCap, PointEntry
from qunce.core.communities import Community
from tests import factories, shares, threads
from tests.activities.points import builders
from tests.factories import AT

THREADS = 200 if shares.IS_EXACT else 40
pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


def test_one_balance_is_spent_once(shop: Community) -> None:
    account = factories.member(shop, "ann").pk
    for number in range(4):
        builders.award(account, 25, f"prize/{number}")

    def spend(number: int) -> str:
        try:
            spending.spend(
                account_id=account, amount=10, key=f"mall/{number}", by=None, at=AT
            )
        except spending.NotEnoughPoints:
            return "politely refused"
        return "spent"

    found = threads.run(*(partial(spend, number) for number in range(THREADS)))
    assert Counter(found) == {"spent": 10, "politely refused": THREADS - 10}
    assert balances.balance(account_id=account, at=AT).usable == 0


def test_daily_cap_of_one_person_holds(shop: Community) -> None:
    account = factories.member(shop, "ann").pk
    rule = builders.rule(shop, day_cap=35)

    def earn(number: int) -> int:
        earned = earning.earn(
            account_id=account,
            rule_key=rule.key,
            # Each source is reported by two of the threads.
            source_key=f"review/{number // 2}",
            by=None,
            at=AT,
        )
        return earned.entry.amount if earned.entry else 0

    found = threads.run(*(partial(earn, number) for number in range(THREADS)))
    assert Counter(found) == {10: 3, 5: 1, 0: THREADS - 4}
    assert balances.balance(account_id=account, at=AT).usable == 35
    assert PointCap.objects.get().used == 35
    assert PointEntry.objects.count() == 4

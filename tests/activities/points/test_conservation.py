"""Random histories of points beside the oracle: nothing is lost, nothing appears."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import transaction

from qunce.activities.points import (
    balances,
    earning,
    erasure,
    expiry,
    liability,
    reversals,
    spending,
)
from qunce.activities.points.models import (
    EntryKind,
    PointAccount,
    PointEntry,
    PointLot,
    PointRule,
    PointUse,
)
from qunce.core.communities import Community
from qunce.core.lots import NEVER
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.groups.complaints import complaints
from qunce.members.accounts.models import Account
from qunce.members.people import people
from qunce.sets import audiences
from tests import factories, shares
from tests.activities.points import builders
from tests.activities.points.builders import DAY
from tests.activities.points.token_oracle import Oracle
from tests.factories import AT

HISTORIES = 2_000 if shares.IS_EXACT else 6
STEPS = 24
pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


class History:
    """One history of a person with three accounts and another person with one."""

    def __init__(self, shop: Community, by: Staff, seed: int) -> None:
        self.shop, self.by, self.random = shop, by, random.Random(seed)  # noqa: S311
        self.keys = [f"h{seed}-{number}" for number in range(4)]
        self.ids = factories.members(shop, *self.keys)
        self.at: datetime = AT
        self.oracle = Oracle(shop.day(AT), {pk: {pk} for pk in self.ids})
        self.numbers = itertools.count(1)
        self.orders: dict[str, tuple[int, int, int]] = {}
        self.spent: dict[str, int] = {}
        self.merged: list[tuple[int, int]] = []
        self.erased: set[int] = set()
        self.taken: dict[int, int] = {}
        # One for all histories, as a community has at most 100 rules.
        self.rule = PointRule.objects.filter(community=shop).first() or builders.rule(
            shop, "shopping", event="order", points=1, per_amount=10_00
        )

    def step(self) -> None:
        steps: list[tuple[int, Callable[[int], None]]] = [
            (9, self.earn),
            (10, self.spend),
            (3, self.restore),
            (4, self.outbid),
            (8, self.refund),
            (4, self.wait),
            (2, self.expire),
            (2, self.open_case),
            (1, self.merge),
            (1, self.unmerge),
        ]
        weights, actions = zip(*steps, strict=True)
        (action,) = self.random.choices(actions, weights)
        action(self.random.choice([pk for pk in self.ids if pk not in self.erased]))

    def earn(self, account: int) -> None:
        points, number = self.random.randint(1, 9), next(self.numbers)
        first = self.oracle.day + self.random.choice([0, 0, 0, 2])
        last = self.random.choice([first, first + 4, first + 40, NEVER])
        key = f"order/0/{self.keys[0]}/{number}"
        paid = points * 10_00
        (entry,) = earning.earn_many(
            community=self.shop,
            rule=self.rule,
            earnings=[
                earning.Earning(
                    account, key, points, self.oracle.day, paid, first, last
                )
            ]
            * self.random.choice([1, 5]),
            by=None,
            at=self.at,
        )
        self.orders[key] = entry.pk, points, paid
        self.oracle.earn(entry.pk, account, points, first, last)

    def spend(self, account: int) -> None:
        most = len(self.oracle.usable(account)) + 2
        amount = self.random.choice([self.random.randint(1, most), max(most - 2, 1)])
        key = f"mall/{self.keys[0]}/{next(self.numbers)}"
        is_enough = self.oracle.spend(account, amount, key)
        for _time in range(self.random.choice([1, 2])):
            try:
                spending.spend(
                    account_id=account, amount=amount, key=key, by=None, at=self.at
                )
            except spending.NotEnoughPoints:
                assert not is_enough
            else:
                assert is_enough
        if is_enough:
            self.spent[key] = account

    def outbid(self, account: int) -> None:
        """A bid: it releases what another one had reserved, and reserves its own."""
        bids = [
            key
            for key, holder in sorted(self.spent.items())
            if key.startswith("bid/") and holder not in self.erased
        ]
        key = f"bid/{self.keys[0]}/{next(self.numbers)}"
        with transaction.atomic():
            if bids:
                before = self.random.choice(bids)
                spending.restore(
                    community=self.shop,
                    key=before,
                    by=None,
                    at=self.at,
                    was_reserved=True,
                )
                self.oracle.release(self.spent.pop(before), before)
            amount = len(self.oracle.usable(account))
            if not amount or not self.oracle.spend(account, amount, key):
                return
            spending.spend(
                account_id=account, amount=amount, key=key, by=None, at=self.at
            )
        self.spent[key] = account

    def restore(self, account: int) -> None:
        if self.spent:
            key = self.random.choice(sorted(self.spent))
            holder = self.spent.pop(key)
            if holder in self.erased:
                # Nothing says any more what the spend was for.
                with pytest.raises(spending.SpendNotFound):
                    spending.restore(community=self.shop, key=key, by=None, at=self.at)
                return
            for _time in range(2):
                spending.restore(community=self.shop, key=key, by=None, at=self.at)
            self.oracle.restore(holder, key)

    def refund(self, account: int) -> None:
        if not self.orders:
            return
        key = self.random.choice(sorted(self.orders))
        lot, points, left = self.orders.pop(key)
        part = self.random.choice([left, self.random.randint(1, left)])
        if left > part:
            self.orders[key] = lot, points, left - part
        refund = f"refund/{next(self.numbers)}"
        expired = sum(
            token.lot == lot and token.state == "expired"
            for token in self.oracle.tokens
        )
        for _time in range(2):
            reversals.reverse_order(
                community=self.shop,
                source_key=key,
                refunded=part,
                key=refund,
                by=None,
                at=self.at,
            )
        if self.oracle.lots[lot][0] in self.erased:
            return
        total = points * 10_00
        taken = self.taken.get(lot, 0)
        due = points * (total - left + part) // total
        due = max(min(due, points - expired) - taken, 0)
        self.taken[lot] = taken + due
        self.oracle.reverse(lot, due)

    def wait(self, account: int) -> None:
        days = self.random.choice([1, 1, 3, 9])
        self.at += days * DAY
        self.oracle.day += days

    def expire(self, account: int) -> None:
        expiry.expire_community(community=self.shop, at=self.at)
        for lot in self.oracle.lots:
            self.oracle.expire(lot)

    def open_case(self, account: int) -> None:
        case = complaints.create(
            community=self.shop,
            kind="complaint",
            topic="quality",
            title=str(next(self.numbers)),
            account=account,
            by=self.by,
            at=self.at,
        )
        closed = self.at + self.random.choice([0, 3]) * DAY
        complaints.close(complaint=case, outcome="solved", by=self.by, at=closed)
        days = [self.oracle.day, self.shop.day(closed)]
        self.oracle.cases.setdefault(account, []).append(days)

    def merge(self, account: int) -> None:
        left, right = sorted(self.random.sample(range(3), 2))
        one, other = self.ids[left], self.ids[right]
        if {one, other} & self.erased or self.oracle.own(one) == self.oracle.own(other):
            return
        factories.merge(self.shop, self.keys[left], self.keys[right], at=self.at)
        self.merged.append((left, right))
        united = self.oracle.own(one) | self.oracle.own(other)
        for each in united:
            self.oracle.people[each] = united

    def unmerge(self, account: int) -> None:
        if len(self.merged) != 1:
            return
        left, right = self.merged.pop()
        if self.ids[left] in self.erased:
            return
        factories.unmerge(self.shop, self.keys[left], self.keys[right], at=self.at)
        for each in (self.ids[left], self.ids[right]):
            self.oracle.people[each] = {each}

    def erase(self) -> None:
        account = self.ids[3]
        row = Account.objects.get(pk=account)
        people.erase(account=row, by=self.by, at=self.at)
        fact = factories.recorded_fact(self.shop, "member.erased", account)
        erasure.clear_erased(community=self.shop, facts=[fact], at=self.at)
        self.erased.add(account)
        for token in self.oracle.tokens:
            if token.state == "left" and self.oracle.lots[token.lot][0] == account:
                token.state = "expired"
        self.oracle.owed[account] = 0

    def check_balances(self) -> None:
        for account in set(self.ids) - self.erased:
            found = balances.balance(account_id=account, at=self.at)
            usable = len(self.oracle.usable(account))
            owed = sum(self.oracle.owed.get(a, 0) for a in self.oracle.own(account))
            assert found.usable == max(usable - owed, 0)
            assert found.owed == max(owed - usable, 0)

    def check_rule(self) -> None:
        """The clause `points` selects by the balance that members see."""
        seen = {
            min(self.oracle.own(account)): balances.balance(
                account_id=account, at=self.at
            ).usable
            for account in set(self.ids) - self.erased
        }
        number = self.random.choice([0, *seen.values()])
        sign = self.random.choice(["gte", "lte"])
        found = audiences.list_ids(
            community=self.shop,
            rule={"points": {sign: number}},
            by=self.by,
            at=self.at,
        )
        assert set(found) & set(self.ids) == {
            person
            for person, points in seen.items()
            if (points >= number if sign == "gte" else points <= number)
        }

    def check_lots(self) -> None:
        """Per lot and in total: earned = spent + expired + reversed + left."""
        left = dict(
            PointLot.objects.filter(account_id__in=self.ids).values_list("pk", "left")
        )
        expected = dict.fromkeys(self.oracle.lots, 0)
        for token in self.oracle.tokens:
            expected[token.lot] += token.state == "left"
        assert left == expected
        kinds: Counter[int] = Counter()
        for kind, amount in PointUse.objects.filter(
            lot__account_id__in=self.ids
        ).values_list("entry__kind", "amount"):
            kinds[kind] += amount
        states = Counter(token.state for token in self.oracle.tokens)
        spent = sum(n for state, n in states.items() if "/" in state)
        assert kinds[EntryKind.SPEND] - kinds[EntryKind.RESTORE] == spent
        assert kinds[EntryKind.EXPIRE] == states["expired"]
        reversed_ = kinds[EntryKind.REVERSE] + kinds[EntryKind.PAY]
        assert reversed_ == states["reversed"]
        owed = PointAccount.objects.filter(account_id__in=self.ids)
        for account, amount in owed.values_list("account_id", "owed"):
            assert amount == self.oracle.owed.get(account, 0)


def test_whatever_happens_points_are_conserved(shop: Community, by: Staff) -> None:
    for seed in range(HISTORIES):
        history = History(shop, by, seed if not shares.IS_EXACT else seed + 1_000)
        for _step in range(STEPS):
            history.step()
            history.check_balances()
            history.check_rule()
        history.check_lots()
        history.erase()
        for _step in range(4):
            history.step()
        history.check_balances()
        history.check_rule()
        history.check_lots()
    assert liability.stored(shop) == liability.recount(shop)
    assert PointEntry.objects.filter(kind=EntryKind.REVERSE, owed__gt=0).exists()
    assert PointEntry.objects.filter(kind=EntryKind.PAY).exists()
    system = staff_models.system(shop)
    for account in factories.account_ids(shop, ("h1-0", "h2-1")):
        assert balances.recount(account_id=account, by=system, at=AT) == []

"""Random histories of a task against a slow oracle: orders, refunds, merges, strikes."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest

from qunce.activities.activities import entries
from qunce.activities.activities.models import Entry
from qunce.activities.points import balances
from qunce.activities.tiered_tasks import judging
from qunce.activities.tiered_tasks.models import ReachedTier
from qunce.core.staff.models import Staff
from qunce.sets.mirror import deriver
from tests import factories
from tests.activities import running
from tests.factories import AT

pytestmark = pytest.mark.django_db
KEYS = ("ann", "bob", "cy", "dee")
TIERS = (("付款至少 1 次且没有退款", 5), ("付款至少 3 次", 20))


class Story:
    """A random history; the oracle looks at all that happened from the start."""

    def __init__(self, by: Staff, seed: int) -> None:
        self.by = by
        self.pick = random.Random(seed)  # noqa: S311
        ids = factories.members(by.community, *KEYS)
        self.ids = dict(zip(KEYS, ids, strict=True))
        rows = [
            {"text": rule, "rule": rule, "points": points, "prize": ""}
            for rule, points in TIERS
        ]
        self.activity = running.running(by, "tiered_task", settings={"tiers": rows})
        self.orders: list[tuple[str, str]] = []
        self.refunded: set[str] = set()
        self.joined: set[str] = set()
        self.struck: set[str] = set()

    def step(self, at: datetime) -> None:
        key = self.pick.choice(KEYS)
        acts = (self.join, self.pay, self.pay, self.refund, self.strike)
        self.pick.choice(acts)(key, at)
        if self.pick.random() < 0.4:
            deriver.catch_up()
            judging.judge(self.activity, at=at)

    def join(self, key: str, at: datetime) -> None:
        running.join(self.activity, self.ids[key], at)
        self.joined.add(key)

    def pay(self, key: str, at: datetime) -> None:
        order = factories.order(self.by.community, key, paid_at=at)
        self.orders.append((order.key, key))

    def refund(self, key: str, at: datetime) -> None:
        for order, of in self.orders:
            if of == key and order not in self.refunded:
                factories.refund(self.by.community, order, at=at)
                self.refunded.add(order)
                return

    def strike(self, key: str, at: datetime) -> None:
        row = Entry.objects.filter(account_id=self.ids[key]).first()
        if row is not None and self.pick.random() < 0.4:
            entries.strike_out(entry=row, by=self.by, at=at)
            self.struck.add(key)

    def expected(self, key: str) -> set[int]:
        own = [order for order, of in self.orders if of == key]
        if key not in self.joined or key in self.struck:
            return set()
        first = {1} if own and self.refunded.isdisjoint(own) else set()
        return first | ({2} if len(own) >= 3 else set())


@pytest.mark.parametrize("seed", range(6))
def test_tiers_and_points_are_those_of_a_recount(seed: int, by: Staff) -> None:
    story = Story(by, seed)
    end = AT + timedelta(hours=3)
    for minute in range(20):
        story.step(AT + timedelta(minutes=5 * minute))
    deriver.catch_up()
    judging.judge(story.activity, at=end)
    points = {number: points for number, (_rule, points) in enumerate(TIERS, start=1)}
    for key, account in story.ids.items():
        held = ReachedTier.objects.filter(account_id=account, lost_at__isnull=True)
        tiers = set(held.values_list("tier__number", flat=True))
        assert tiers == story.expected(key)
        balance = balances.balance(account_id=account, at=end)
        assert balance.usable == sum(points[number] for number in tiers)

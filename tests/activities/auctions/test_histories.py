"""Random histories of auctions against a small, slow oracle, which knows no lots.

Each has ties, low and late bids, a clock that is set back, void bids, people who leave, and
accounts that are merged and unmerged; then the auction is closed.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from qunce.activities.activities import lifecycle
from qunce.activities.activities.models import Activity
from qunce.activities.auctions import rules
from qunce.activities.auctions.models import Auction, Bid
from qunce.activities.points import balances
from qunce.activities.points.models import PointLot
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities.auctions.builders import END, bid, open_auction
from tests.activities.draws.builders import prize
from tests.activities.mall.builders import rich
from tests.factories import AT
from tests.shares import IS_EXACT

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]
START, STEP, POINTS = 10, 5, 100
HISTORIES = 300 if IS_EXACT else 12
PURE = 3_000


@dataclass
class Oracle:
    """Bids as a list, points as one number per account, merged accounts as a set."""

    ends_at: datetime = END
    last_at: datetime = AT
    moved: int = 0
    bids: list[tuple[int, int]] = field(default_factory=list)
    leader: tuple[int, int] | None = None
    points: dict[int, int] = field(default_factory=dict)
    merged: set[int] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)

    def own(self, who: int) -> int:
        """The points that somebody can bid: what was reserved for the leader is released."""
        accounts = self.merged if who in self.merged else {who}
        return sum(self.points[each] for each in accounts)

    def place(self, who: int, amount: int, at: datetime) -> bool:
        moment = max(at, self.last_at)
        price = self.leader[1] if self.leader else 0
        if amount < (price + STEP if price else START) or moment >= self.ends_at:
            return False
        if self.own(who) < amount or self.is_gone(who):
            return False
        self.last_at = moment
        if self.ends_at - moment < timedelta(seconds=60) and self.moved < 10:
            self.ends_at, self.moved = moment + timedelta(seconds=60), self.moved + 1
        self.bids.append((who, amount))
        self.leader = who, amount
        return True

    def is_gone(self, who: int) -> bool:
        accounts = self.merged if who in self.merged else {who}
        return accounts <= self.gone


def decide(
    shuffled: random.Random, oracle: Oracle, accounts: list[int]
) -> tuple[int, int]:
    price = oracle.leader[1] if oracle.leader else 0
    amount = max(1, price + shuffled.choice([-3, 0, 4, 5, 5, 6, 12, 30]))
    return shuffled.choice(accounts), amount


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_a_history_ends_as_the_oracle_says(seed: int) -> None:
    shuffled = random.Random(seed)  # noqa: S311 - a test
    by: Staff = factories.staff(factories.community(language="en"))
    mug = open_auction(by, START, STEP, stock=prize(by))
    people = rich(by, "a", "b", "c", "d", amount=POINTS)
    oracle = Oracle(points=dict.fromkeys(people, POINTS))
    at, is_merged = AT, False
    for n in range(14):
        step = shuffled.random()
        at = max(AT, at + timedelta(seconds=shuffled.choice([0, 20, 90, 600, -300])))
        if shuffled.random() < 0.2:
            at = oracle.ends_at - timedelta(
                seconds=shuffled.choice([1, 30, 59, 60, 61])
            )
        if step < 0.1:
            (factories.unmerge if is_merged else factories.merge)(
                by.community, "a", "b"
            )
            is_merged = not is_merged
            oracle.merged = {people[0], people[1]} if is_merged else set()
            continue
        if step < 0.14 and people[3] not in oracle.gone:
            factories.leave(by.community, "d")
            oracle.gone.add(people[3])
            continue
        who, amount = decide(shuffled, oracle, people)
        accepted = bid(mug, who, amount, at=at, key=f"k{n}").accepted
        mug.refresh_from_db()
        assert accepted == oracle.place(who, amount, at), (seed, n)
        _compare(oracle, people, at)
    lifecycle.move_due(at=oracle.ends_at)
    won = Bid.objects.filter(state="won").values_list("amount", flat=True)
    assert len(won) == bool([who for who, _a in oracle.bids if not oracle.is_gone(who)])
    left = sum(PointLot.objects.values_list("left", flat=True))
    assert left == POINTS * 4 - sum(won)


def _compare(oracle: Oracle, people: list[int], at: datetime) -> None:
    auction = Auction.objects.get()
    leader = oracle.leader
    assert (auction.price, auction.ends_at, auction.extensions) == (
        leader[1] if leader else 0,
        oracle.ends_at,
        oracle.moved,
    )
    assert Activity.objects.get().ends_at == oracle.ends_at
    left = sum(PointLot.objects.values_list("left", flat=True))
    assert left == POINTS * len(people) - auction.price
    for account in people:
        assert balances.balance(account_id=account, at=at).usable >= 0


def test_the_rules_alone_agree_over_thousands_of_histories() -> None:
    """The least amount and the moved end, step by step, against plain arithmetic."""
    shuffled = random.Random(7)  # noqa: S311 - a test
    for _history in range(PURE):
        start, step = shuffled.randint(1, 50), shuffled.randint(1, 20)
        price, moved, ends_at = 0, 0, END
        at = END - timedelta(minutes=2)
        for _step in range(12):
            least = rules.least_amount(price=price, start=start, step=step)
            assert least == (start if price == 0 else price + step)
            at += timedelta(seconds=shuffled.randint(0, 40))
            if at >= ends_at:
                break
            seconds = (ends_at - at).total_seconds()
            is_late = rules.is_late(ends_at=ends_at, at=at, extensions=moved)
            assert is_late == (seconds < 60 and moved < 10)
            if is_late:
                ends_at, moved = at + timedelta(seconds=60), moved + 1
            price = least + shuffled.randint(0, 3)
        assert moved <= 10
        assert ends_at <= END + timedelta(seconds=60 * 10)

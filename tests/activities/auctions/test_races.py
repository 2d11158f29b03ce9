"""Many bids in the last second, each with its own connection: one leads, and nothing leaks."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from qunce.activities.activities import lifecycle
from qunce.activities.activities.models import Activity, Entry, Way
from qunce.activities.auctions import bids, rules
from qunce.activities.auctions.models import Auction, Bid
from qunce.activities.kinds import base
from qunce.activities.points.models import PointLot
from qunce.activities.prizes.models import Award
from qunce.core.staff.models import Staff
from tests import factories, threads
from tests.activities.auctions.builders import END, open_auction
from tests.activities.draws.builders import prize
from tests.activities.mall.builders import rich
from tests.factories import AT
from tests.shares import IS_EXACT

BIDS = 100 if IS_EXACT else 40
LAST = END - timedelta(seconds=1)
pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


def place(auction_id: int, account: int, amount: int, at: Any = LAST) -> base.Reply:
    """As a request does it: the activity is read before anything else."""
    activity = Activity.objects.select_related("community").get(pk=auction_id)
    return base.take_part(
        activity=activity,
        account_id=account,
        way=Way.CHAT,
        said=str(amount),
        key=f"{amount}",
        at=at,
    )


def check_conserved(people: int) -> None:
    """Only the highest bid holds points, and exactly its amount."""
    highest = Bid.objects.get(state__in=["leading", "won"])
    assert highest.amount == Auction.objects.get().price
    left = sum(PointLot.objects.values_list("left", flat=True))
    assert left == 1_000 * people - highest.amount


def test_a_hundred_bids_in_the_last_second(by: Staff) -> None:
    mug = open_auction(by)
    people = rich(by, *(f"m{n}" for n in range(10)), amount=1_000)
    tasks = [partial(place, mug.pk, people[n % 10], 10 + n) for n in range(BIDS)]
    replies = threads.run(*tasks)
    accepted = sum(reply.accepted for reply in replies)
    rows = list(Bid.objects.order_by("pk").values_list("amount", flat=True))
    assert len(rows) == accepted >= 1
    assert all(after - before >= 5 for before, after in itertools.pairwise(rows))
    check_conserved(10)
    auction = Auction.objects.get()
    assert auction.ends_at == Activity.objects.get().ends_at == LAST + rules.FINAL
    lifecycle.move_due(at=auction.ends_at)
    check_conserved(10)
    assert Award.objects.get().account_id == Bid.objects.get(state="won").account_id


def test_of_equal_bids_at_the_same_moment_one_stands(by: Staff) -> None:
    mug = open_auction(by)
    people = rich(by, *(f"m{n}" for n in range(12)), amount=1_000)
    replies = threads.run(*(partial(place, mug.pk, pk, 50) for pk in people))
    assert Counter(reply.accepted for reply in replies) == {True: 1, False: 11}
    assert Bid.objects.count() == Entry.objects.count() == 1
    check_conserved(12)


def test_without_the_condition_a_lower_bid_takes_the_lead(
    by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    def set_price(auction: Auction, amount: int, at: Any) -> bool:
        return bool(Auction.objects.filter(pk=auction.pk).update(price=amount))

    monkeypatch.setattr(bids, "_raise_price", set_price)
    mug = open_auction(by)
    people = rich(by, *(f"m{n}" for n in range(12)), amount=1_000)
    tasks = [partial(place, mug.pk, pk, 50 - n) for n, pk in enumerate(people)]
    threads.run(*tasks)
    rows = list(Bid.objects.order_by("pk").values_list("amount", flat=True))
    assert rows != sorted(rows) or len(rows) == 12


def test_two_people_who_outbid_each_other_in_two_auctions_never_wait_in_a_circle(
    by: Staff,
) -> None:
    stock = prize(by)
    mugs = [open_auction(by, stock=stock) for _n in range(2)]
    bob, cy = rich(by, "bob", "cy", amount=1_000)
    tasks = [
        partial(place, mugs[(n + side) % 2].pk, (bob, cy)[side], 10 + 5 * n + side, AT)
        for n in range(10)
        for side in range(2)
    ]
    threads.run(*tasks)
    held = sum(Bid.objects.filter(state="leading").values_list("amount", flat=True))
    left = sum(PointLot.objects.values_list("left", flat=True))
    assert left == 2_000 - held


def test_a_bid_while_the_auction_is_closed_wins_or_is_late(by: Staff) -> None:
    mug = open_auction(by)
    people = rich(by, *(f"m{n}" for n in range(9)), amount=1_000)
    place(mug.pk, people[0], 10, AT)

    def close() -> None:
        lifecycle.move_due(at=END)  # the job, in a process of its own

    tasks: list[Any] = [
        partial(place, mug.pk, pk, 20 + 10 * n, END - timedelta(minutes=2))
        for n, pk in enumerate(people[1:])
    ]
    threads.run(*tasks[:4], close, *tasks[4:])
    check_conserved(9)
    won = Bid.objects.get(state="won")
    assert Award.objects.get().account_id == won.account_id
    assert not Bid.objects.filter(state="leading").exists()

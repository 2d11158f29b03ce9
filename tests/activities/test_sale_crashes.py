"""Crashes inside of malls, flash sales and auctions: all of a step is there, or nothing."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from qunce.activities.activities import lifecycle
from qunce.activities.activities.models import Activity, Answer, Entry
from qunce.activities.auctions.models import Auction, Bid
from qunce.activities.flash_sales import pieces, reservations
from qunce.activities.flash_sales.models import FlashSale, Reservation
from qunce.activities.mall import redemptions
from qunce.activities.mall.models import Redemption
from qunce.activities.points.models import PointEntry, PointLot
from qunce.activities.prizes.models import Award, PrizeStock
from qunce.core.facts.facts import Fact
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities.auctions import builders as auctions
from tests.activities.draws.builders import prize
from tests.activities.flash_sales import builders as sales
from tests.activities.mall import builders as malls
from tests.activities.test_crashes import Crash, Writes
from tests.factories import AT

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]
CRASHES = 4
Step = Callable[[], object]
TABLES = (Answer, Entry, Bid, Redemption, Award, PointEntry, Fact)


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


def state() -> list[object]:
    """Everything that one of the steps changes."""
    counts = [table._default_manager.count() for table in TABLES]
    tables = (
        PointLot.objects.order_by("pk").values_list("left", "last_day"),
        PrizeStock.objects.order_by("pk").values_list("left", "total"),
        FlashSale.objects.order_by("pk").values_list("left", "total"),
        Reservation.objects.order_by("pk").values_list("state", flat=True),
        Auction.objects.order_by("pk").values_list("price", "ends_at", "state"),
        Bid.objects.order_by("pk").values_list("state", flat=True),
        Award.objects.order_by("pk").values_list("state", flat=True),
        Activity.objects.order_by("pk").values_list("state", "ends_at"),
    )
    return [counts, *(list(rows) for rows in tables)]


def redeem(by: Staff) -> Step:
    mall = malls.open_mall(by, malls.item(prize(by, cost=5)))
    (bob,) = malls.rich(by, "bob")
    return lambda: malls.redeem(mall, bob)


def undo(by: Staff) -> Step:
    redeem(by)()

    def step() -> None:
        row = Redemption.objects.select_related("activity__community").get()
        redemptions.undo(redemption=row, by=None, at=AT)

    return step


def lapse(by: Staff) -> Step:
    sale = sales.open_sale(by, 1)
    bob, cy = malls.rich(by, "bob", "cy")
    sales.take(sale, bob)
    sales.take(sale, cy, "waitlist")
    return lambda: pieces.lapse_due(at=AT + timedelta(minutes=15))


def confirm(by: Staff) -> Step:
    sale = sales.open_sale(by, 1)
    (bob,) = malls.rich(by, "bob")
    sales.take(sale, bob)
    return lambda: reservations.confirm_with_points(reservation=sales.last(), at=AT)


def outbid(by: Staff) -> Step:
    mug = auctions.open_auction(by)
    bob, cy = malls.rich(by, "bob", "cy")
    auctions.bid(mug, bob, 20)
    late = auctions.END - timedelta(seconds=1)
    return lambda: auctions.bid(mug, cy, 30, at=late)


def close(by: Staff) -> Step:
    outbid(by)
    factories.leave(by.community, "bob")
    mug = Activity.objects.select_related("community").get()
    cy = factories.account_ids(by.community, ("cy",))[0]
    auctions.bid(mug, cy, 40)
    return lambda: lifecycle.move_due(at=auctions.END)


STEPS = [redeem, undo, lapse, confirm, outbid, close]


@pytest.mark.parametrize("prepare", STEPS)
def test_a_step_that_crashes_anywhere_changed_nothing_and_is_done_again(
    by: Staff, prepare: Callable[[Staff], Step]
) -> None:
    step = prepare(by)
    before = state()
    places = random.Random(5).sample(range(1, 6), CRASHES)  # noqa: S311 - a test
    for place in sorted(places):
        with pytest.raises(Crash), connection.execute_wrapper(Writes(place)):
            step()
        assert state() == before, place
    step()
    assert state() != before

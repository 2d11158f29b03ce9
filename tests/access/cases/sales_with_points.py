"""How the sweep calls verbs: auctions, flash sales, malls and polls."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from qunce.activities.activities import activities
from qunce.activities.activities.models import Activity, Way
from qunce.activities.auctions.models import Auction, Bid, BidState
from qunce.activities.flash_sales.models import FlashSale, Reservation
from qunce.activities.mall.models import Redemption
from qunce.activities.prizes import prizes
from qunce.activities.prizes.models import PrizeStock
from tests.access.cases.base import case
from tests.access.world import World


def made(world: World, kind: str) -> Activity:
    """A draft of the group that is tried."""
    return activities.create(
        community=world.community,
        kind=kind,
        name="Evening",
        text="Tea",
        groups=[world.ids["group"]],
        starts_at=world.at,
        ends_at=world.at + timedelta(days=1),
        by=world.owner,
        at=world.at,
    )


def a_prize(world: World) -> PrizeStock:
    prize = prizes.create(
        community=world.community,
        name="Mug",
        kind="service",
        total=5,
        instructions="Shop",
        by=world.owner,
        at=world.at,
    )
    # Two are taken, one of which is given back.
    PrizeStock.objects.filter(pk=prize.pk).update(left=3)
    prize.refresh_from_db()
    return prize


def whose(world: World) -> dict[str, Any]:
    """Of the member who is tried, at the time of the world."""
    own = world.ids["account"]
    return {
        "account_id": own,
        "person_id": own,
        "source": Way.STAFF,
        "at": world.at,
    }


def a_bid(world: World) -> Bid:
    auction = Auction.objects.create(
        activity=made(world, "auction"),
        stock=a_prize(world),
        start=1,
        step=1,
        price=5,
        ends_at=world.at + timedelta(days=1),
        last_at=world.at,
    )
    return Bid.objects.create(auction=auction, amount=5, **whose(world))


def a_reservation(world: World) -> Reservation:
    sale = FlashSale.objects.create(
        activity=made(world, "flash_sale"), stock=a_prize(world), total=2, left=1
    )
    held_until = world.at + timedelta(minutes=15)
    return Reservation.objects.create(
        sale=sale, n=1, held_until=held_until, **whose(world)
    )


def a_redemption(world: World) -> Redemption:
    return Redemption.objects.create(
        activity=made(world, "mall"),
        stock=a_prize(world),
        item=1,
        points=1,
        **whose(world),
    )


def bids(world: World) -> dict[str, Any]:
    return {"activity": a_bid(world).auction.activity}


def one_bid(world: World) -> dict[str, Any]:
    bid = a_bid(world)
    return {"activity": bid.auction.activity, "pk": bid.pk}


def void_bid(world: World) -> dict[str, Any]:
    """One that was outbid, which cannot be void any more."""
    bid = a_bid(world)
    Bid.objects.filter(pk=bid.pk).update(state=BidState.OUTBID)
    return {"bid": bid, "reason": "Typed wrongly"}


def reservations(world: World) -> dict[str, Any]:
    return {"activity": a_reservation(world).sale.activity}


def one_reservation(world: World) -> dict[str, Any]:
    row = a_reservation(world)
    return {"activity": row.sale.activity, "pk": row.pk}


def to_confirm(world: World) -> dict[str, Any]:
    return {"reservation": a_reservation(world)}


def void_reservation(world: World) -> dict[str, Any]:
    return {"reservation": a_reservation(world), "reason": "Typed wrongly"}


def redemptions(world: World) -> dict[str, Any]:
    return {"activity": a_redemption(world).activity}


def one_redemption(world: World) -> dict[str, Any]:
    row = a_redemption(world)
    return {"activity": row.activity, "pk": row.pk}


def to_undo(world: World) -> dict[str, Any]:
    """One whose prize was handed over, which cannot be undone any more."""
    return {"redemption": a_redemption(world), "reason": "Typed wrongly"}


def a_poll(world: World) -> dict[str, Any]:
    return {"activity": made(world, "poll")}


case(
    "activities.auctions.bids",
    list_visible=bids,
    get_bid=one_bid,
    declare_void=void_bid,
)
case(
    "activities.flash_sales.reservations",
    list_visible=reservations,
    list_waiters=reservations,
    get=one_reservation,
    confirm=to_confirm,
    declare_void=void_reservation,
)
case(
    "activities.mall.redemptions",
    list_visible=redemptions,
    get=one_redemption,
    undo=to_undo,
)
case("activities.eligibility", find_people=a_poll)

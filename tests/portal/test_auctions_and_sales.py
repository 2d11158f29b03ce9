"""The pages of flash sales and auctions: a link reserves, and only a sign-in pays or bids."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from qunce.activities.activities.models import Activity
from qunce.activities.auctions.models import Auction, Bid
from qunce.activities.flash_sales.models import FlashSale, Reservation
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities import running
from tests.activities.draws.builders import prize
from tests.activities.points import builders as points
from tests.portal.phones import Phone
from tests.portal.phones import activity as purpose_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


@pytest.fixture
def phone(by: Staff) -> Phone:
    return Phone(by.community)


def rich(by: Staff, key: str = "bob", amount: int = 100) -> int:
    bob = factories.member(by.community, key).pk
    points.award(bob, amount, at=datetime.now(UTC) - timedelta(days=1))
    return bob


def open_sale(by: Staff, pieces: int = 2) -> Activity:
    settings = {"prize": str(prize(by).pk), "pieces": pieces, "price_points": 30}
    ends_at = datetime.now(UTC) + timedelta(hours=1)
    return running.open_now(by, kind="flash_sale", settings=settings, ends_at=ends_at)


def open_auction(by: Staff) -> Activity:
    settings = {"prize": str(prize(by).pk), "start": 10, "step": 5}
    ends_at = datetime.now(UTC) + timedelta(hours=1)
    return running.open_now(by, kind="auction", settings=settings, ends_at=ends_at)


def test_a_link_reserves_and_a_sign_in_pays(by: Staff, phone: Phone) -> None:
    bob, sale = rich(by), open_sale(by)
    page = phone.bind(bob, purpose_of(sale.public_id))
    assert "2 left" in page
    page = phone.press("/join")
    assert "A piece is held for you until" in page and "1 left" in page
    assert "Sign in to confirm it for 30 points" in page and "/confirm" not in page
    phone.sign_in(bob)
    phone.open(f"a/{sale.public_id}")
    page = phone.press("/confirm")
    assert "A piece is yours." in page
    assert Reservation.objects.get().state == "confirmed"
    assert points.usable(bob, datetime.now(UTC)) == 70


def test_a_sold_out_sale_offers_the_waitlist(by: Staff, phone: Phone) -> None:
    bob, sale = rich(by), open_sale(by)
    FlashSale.objects.update(left=0)
    phone.bind(bob, purpose_of(sale.public_id))
    assert "sold out" in phone.page and "Wait for a piece" in phone.page
    page = phone.press("/join")
    assert "You are on the waitlist; 0 are before you." in page


def test_nobody_confirms_what_somebody_else_reserved(by: Staff, phone: Phone) -> None:
    bob, sale = rich(by), open_sale(by)
    phone.bind(bob, purpose_of(sale.public_id))
    phone.press("/join")
    other = Phone(by.community)
    page = other.sign_in(rich(by, "cy"))
    token = page.partition('data-token="')[2].partition('"')[0]
    answer = other.client.post(
        f"{other.root}reservations/{Reservation.objects.get().public_id}/confirm",
        {"form_token": token, "key": "k"},
        headers={"origin": "http://testserver"},
    )
    assert answer.status_code == 404
    assert Reservation.objects.get().state == "reserved"


def test_a_member_bids_and_reads_what_is_the_highest(by: Staff, phone: Phone) -> None:
    bob, mug = rich(by), open_auction(by)
    page = phone.open(f"a/{mug.public_id}")
    assert "Nobody has bid yet." in page and "next bid from 10 points" in page
    assert "/join" not in page and 'data-refresh="10"' in page
    phone.sign_in(bob)
    page = phone.open(f"a/{mug.public_id}")
    assert "Your bid; you have 100 points" in page
    page = phone.press("/join", said="40")
    assert "Your bid of 40 points is the highest." in page
    assert "Highest bid: 40 points" in page and "It is yours." in page
    assert "you have 60 points" in page
    page = phone.press("/join", said="44")
    assert "Bid at least 45 points" in page
    assert Bid.objects.count() == 1


def test_a_link_bids_nothing(by: Staff, phone: Phone) -> None:
    bob, mug = rich(by), open_auction(by)
    page = phone.bind(bob, purpose_of(mug.public_id))
    assert "you have" not in page and "/join" not in page
    token = page.partition('data-token="')[2].partition('"')[0]
    phone.client.post(
        f"{phone.root}a/{mug.public_id}/join",
        {"form_token": token, "said": "40", "key": "k"},
        headers={"origin": "http://testserver"},
    )
    assert not Bid.objects.exists()


def test_the_page_shows_the_end_that_a_late_bid_moved(by: Staff, phone: Phone) -> None:
    bob, mug = rich(by), open_auction(by)
    soon = datetime.now(UTC) + timedelta(seconds=50)
    Auction.objects.update(ends_at=soon)
    Activity.objects.update(ends_at=soon)
    phone.sign_in(bob)
    phone.open(f"a/{mug.public_id}")
    phone.press("/join", said="10")
    assert Auction.objects.get().ends_at > soon
    assert Activity.objects.get().ends_at == Auction.objects.get().ends_at

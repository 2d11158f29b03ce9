"""A member reads what they redeemed, bid and reached in games on their own page."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from qunce.activities.games.models import GameResult
from qunce.activities.mall import redemptions
from qunce.core.staff.models import Staff
from qunce.portal.activities import own_results
from tests import factories
from tests.activities.auctions import builders as auctions
from tests.activities.draws.builders import prize
from tests.activities.games import builders as games
from tests.activities.mall import builders as mall
from tests.factories import AT
from tests.portal.phones import Phone

pytestmark = pytest.mark.django_db


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


def rows_of(by: Staff, account: int) -> dict[str, list[tuple[str, str, str]]]:
    found = {
        "redemptions": own_results.list_redemptions(by.community_id, [account]),
        "bids": own_results.list_bids(by.community_id, [account]),
        "games": own_results.list_game_results(by.community_id, [account]),
    }
    return {
        key: [(row.name, row.text, str(row.state)) for row in rows]
        for key, rows in found.items()
    }


def test_each_member_reads_their_own_things_and_how_they_stand(by: Staff) -> None:
    bob, cy = mall.rich(by, "bob", "cy")
    shop = mall.open_mall(by, mall.item(prize(by, "<b>Tea</b>"), most=5))
    for key in ("1", "2"):
        mall.redeem(shop, bob, key=key)
    redemptions.undo(redemption=mall.last(), by=None, at=AT)
    auction = auctions.open_auction(by)
    auctions.bid(auction, bob, 20)
    auctions.bid(auction, cy, 40)
    game = games.chain(by)
    GameResult.objects.create(
        activity=game, account_id=bob, person_id=bob, place=2, points=3, right=3
    )
    found = rows_of(by, bob)
    assert [state for _name, _text, state in found["redemptions"]] == [
        "undone",
        "to claim",
    ]
    assert found["bids"] == [(auction.name, "20 points", "outbid")]
    assert found["games"] == [(game.name, "3 right", "place 2")]
    assert rows_of(by, cy)["bids"] == [(auction.name, "40 points", "highest")]
    assert rows_of(by, cy)["redemptions"] == rows_of(by, cy)["games"] == []
    phone = Phone(by.community)
    phone.sign_in(bob)
    page = phone.open("me")
    for text in ("My redemptions", "My bids", "My games", "&lt;b&gt;Tea", "outbid"):
        assert text in page
    assert "<b>Tea" not in page
    # Other people, and links that others may have opened, have none of it.
    assert "My bids" not in Phone(by.community).bind(bob)


def test_the_sections_cost_three_queries(by: Staff) -> None:
    (bob,) = mall.rich(by, "bob")
    rows_of(by, bob)
    with CaptureQueriesContext(connection) as queries:
        rows_of(by, bob)
    assert len(queries) == 3

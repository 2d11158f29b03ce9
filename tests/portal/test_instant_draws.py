"""Instant draws and red packets on the page, without JavaScript."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from qunce.activities.instant_draws import seeds, verifier
from qunce.activities.instant_draws.models import InstantTicket
from qunce.activities.prizes.models import Award
from qunce.activities.red_packets import verifier as packet_verifier
from qunce.activities.red_packets.models import RedPacketShare
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities.instant_draws import builders
from tests.activities.running import open_now
from tests.portal.phones import Phone
from tests.portal.phones import activity as purpose_of

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def shop() -> Community:
    return factories.community(language="en")


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop)


@pytest.fixture
def phone(shop: Community) -> Phone:
    return Phone(shop)


@pytest.mark.parametrize(
    ("shown_as", "part"),
    [("wheel", "<circle"), ("scratch", 'class="cover"'), ("grid", 'class="hit"')],
)
def test_a_ticket_is_drawn_once_and_verified_the_next_day(
    by: Staff, phone: Phone, shown_as: str, part: str
) -> None:
    bob = factories.member(by.community, "bob", name="Bob").pk
    prize = builders.prize(by, "<b>Cup</b>")
    activity = open_now(
        by,
        kind="instant_draw",
        ends_at=datetime.now(UTC) + DAY,
        settings={"prizes": [builders.row(prize, "100", 3)], "shown_as": shown_as},
    )
    page = phone.open(f"a/{activity.public_id}")
    assert "100 %" in page
    assert "&lt;b&gt;Cup&lt;/b&gt;" in page
    assert "<b>Cup" not in page
    page = phone.bind(bob, purpose_of(activity.public_id))
    assert "1 ticket left today" in page
    own = re.search(r'name="said"[^>]*value="([0-9]{6})"', page)
    assert own is not None
    fields = {"said": own[1], "key": "thumb"}
    first = phone.press("/join", **fields)
    assert "Ticket 1: you have won" in first
    assert part in first
    assert "0 tickets left today" in first
    # The form of the page before, sent once more.
    phone.page = page
    assert "Ticket 1: you have won" in phone.press("/join", **fields)
    assert InstantTicket.objects.get().own_number == own[1]
    assert Award.objects.count() == 1
    _verify(phone, activity.public_id)


def _verify(phone: Phone, public_id: str) -> None:
    link = re.search(rf'href="([^"]+/instant/{public_id}/[^"]+)"', phone.page)
    assert link is not None
    page = phone.open(link[1])
    assert "is published the next day" in page
    assert "verifyDraw" not in page
    phone.open(f"{link[1]}.json")
    assert phone.status == 403
    seeds.reveal_due(at=datetime.now(UTC) + 2 * DAY)
    assert "verifyDraw" in phone.open(link[1])
    text = phone.open(f"{link[1]}.json")
    assert verifier.verify(text) == []
    terms = phone.open(f"instant/{public_id}.json")
    assert json.loads(text)["terms"] == json.loads(terms)
    stranger = Phone(phone.community)
    stranger.open(f"{link[1]}.json")
    assert stranger.status == 403


def test_the_ticket_of_somebody_else_is_not_found(by: Staff, phone: Phone) -> None:
    bob = factories.member(by.community, "bob", name="Bob").pk
    cy = factories.member(by.community, "cy", name="Cy").pk
    activity = open_now(
        by,
        kind="instant_draw",
        ends_at=datetime.now(UTC) + DAY,
        settings={"prizes": [builders.row(builders.prize(by), "100", 3)]},
    )
    phone.bind(bob, purpose_of(activity.public_id))
    phone.press("/join")
    link = re.search(r'href="([^"]+/instant/[^"]+-1)"', phone.page)
    assert link is not None
    other = Phone(phone.community)
    other.bind(cy, purpose_of(activity.public_id))
    other.open(link[1])
    assert other.status == 404
    phone.open(link[1])
    assert phone.status == 200


def test_a_red_packet_is_opened_once(by: Staff, phone: Phone) -> None:
    bob = factories.member(by.community, "bob", name="Bob").pk
    activity = open_now(
        by,
        kind="red_packet",
        ends_at=datetime.now(UTC) + DAY,
        settings={"total": 30, "shares": 1, "minimum": 1},
    )
    page = phone.bind(bob, purpose_of(activity.public_id))
    assert "Open the red packet" in page
    file = f"red-packets/{activity.public_id}/1.json"
    phone.open(file)
    assert phone.status == 404
    phone.page = page
    page = phone.press("/join")
    assert "You have opened 30 points." in page
    assert "Open the red packet" not in page
    assert "1 of 1 shares opened" in page
    assert RedPacketShare.objects.get().amount == 30
    assert packet_verifier.verify(phone.open(file)) == []

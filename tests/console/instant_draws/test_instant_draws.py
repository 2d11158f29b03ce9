"""The pages of instant draws and red packets for staff."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from qunce.activities.activities.models import Activity
from qunce.activities.instant_draws.models import DaySeed
from qunce.activities.red_packets.models import RedPacket, RedPacketShare
from qunce.core.staff.models import Staff
from tests import clients, factories
from tests.activities import running
from tests.activities.instant_draws import builders
from tests.activities.running import open_now

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


def open_instant(by: Staff) -> Activity:
    prize = builders.prize(by, "<b>Cup</b>")
    return open_now(
        by,
        kind="instant_draw",
        ends_at=datetime.now(UTC) + DAY,
        settings={"prizes": [builders.row(prize, "12.5", 3, per_hour=1)]},
    )


def test_the_page_shows_what_is_left_and_no_seed(by: Staff) -> None:
    bob = factories.member(by.community, "bob", name="Bob").pk
    activity = open_instant(by)
    running.join(activity, bob, datetime.now(UTC))
    page = clients.browser(by).get(_url("detail", activity)).content.decode()
    assert "12.5 %" in page
    assert "&lt;b&gt;Cup" in page
    assert "Bob" in page
    assert "secret until its day is over" in page
    seeds = DaySeed.objects.all()
    assert not any(row.seed in page for row in seeds)
    assert any(row.seed_hash in page for row in seeds)


def test_staff_see_tickets_of_their_own_members_only(by: Staff) -> None:
    shop = by.community
    bob = factories.member(shop, "bob", name="Bob").pk
    cy = factories.member(shop, "cy", name="Cyrus").pk
    factories.group(shop, "south", bob)
    instant = open_instant(by)
    packet = open_now(by, kind="red_packet", ends_at=datetime.now(UTC) + DAY)
    for account in (bob, cy):
        for activity in (instant, packet):
            running.join(activity, account, datetime.now(UTC))
    scope = {"group": {"any": ["south"]}}
    cat = factories.staff(shop, "operator", "cat", groups=["south"], scope=scope)
    for name, activity in (("detail", instant), ("packets", packet)):
        page = clients.browser(cat).get(_url(name, activity)).content.decode()
        assert "Bob" in page
        assert "Cyrus" not in page
        assert "Cyrus" in clients.browser(by).get(_url(name, activity)).content.decode()


def test_the_page_of_packets_shows_no_share_that_is_not_opened(by: Staff) -> None:
    bob = factories.member(by.community, "bob", name="Bob").pk
    settings = {"total": 777_777, "shares": 2, "minimum": 1}
    activity = open_now(
        by, kind="red_packet", ends_at=datetime.now(UTC) + DAY, settings=settings
    )
    running.join(activity, bob, datetime.now(UTC))
    page = clients.browser(by).get(_url("packets", activity)).content.decode()
    amount = RedPacketShare.objects.get().amount
    assert f"{amount:,}" in page
    assert f"{777_777 - amount:,}" not in page
    assert RedPacket.objects.get().seed not in page


def test_pages_of_other_kinds_are_not_found(by: Staff) -> None:
    activity = open_now(by)
    client: Client = clients.browser(by)
    for name in ("detail", "packets"):
        assert client.get(_url(name, activity)).status_code == 404


def test_the_form_has_a_row_for_each_prize(by: Staff) -> None:
    builders.prize(by, "Cup")
    url = reverse("activities:create", args=["instant_draw"])
    page = clients.browser(by).get(url).content.decode()
    assert "Chance in %" in page
    assert "Cup" in page


def _url(name: str, activity: Activity) -> str:
    return reverse(f"instant_draws:{name}", args=[activity.pk])

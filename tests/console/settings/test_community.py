"""Community settings, in the console, on the command line and through the API."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.test import Client

from qunce.core import exchange_rates
from qunce.core.communities import Community
from qunce.core.facts import audit
from qunce.core.staff.models import Staff
from qunce.sets.mirror import deriver
from tests import clients, factories
from tests.clients import create_client
from tests.factories import AT

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/settings/community/"


@pytest.fixture
def shop() -> Community:
    return factories.community(language="en")


@pytest.fixture
def browser(by: Staff) -> Client:
    return clients.browser(by)


def data(**changes: str) -> dict[str, str]:
    return {
        "name": "shop",
        "timezone": "Asia/Shanghai",
        "day_start": "00:00",
        "currency": "CNY",
        "language": "en",
        "region": "CN",
        **changes,
    }


def test_what_changes_no_number_is_saved_at_once(
    browser: Client, shop: Community
) -> None:
    answer = browser.post(PAGE, data(name="  Tea\u200b house "))
    assert answer["Location"] == PAGE
    shop.refresh_from_db()
    assert shop.name == "Tea house"
    entry = audit.list_entries(community=shop, kind="community.changed")[0]
    assert entry.detail == {
        "before": '{"name": "shop"}',
        "after": '{"name": "Tea house"}',
    }
    assert browser.post(PAGE, data(name="Tea house"))["Location"] == PAGE
    assert len(audit.list_entries(community=shop, kind="community.changed")) == 1


def test_consequences_are_said_before_a_change_is_saved(
    browser: Client, shop: Community, by: Staff
) -> None:
    factories.order(shop, None, 100)
    exchange_rates.set_rate(
        community=shop,
        currency="USD",
        since=date(2026, 1, 1),
        rate=Decimal("7.1"),
        by=by,
        at=AT,
    )
    deriver.catch_up()
    change = data(day_start="04:00", currency="USD")
    page = browser.post(PAGE, change).content.decode()
    for sentence in (
        "Days begin at another moment.",
        "All sums are shown in USD.",
        "1 order in CNY stays in CNY.",
        "1 exchange rate is removed, as it is a rate to CNY.",
    ):
        assert sentence in page
    shop.refresh_from_db()
    assert (shop.day_start, shop.currency) == (0, "CNY")
    assert browser.post(PAGE, change | {"confirmed": "1"})["Location"] == PAGE
    shop.refresh_from_db()
    assert (shop.day_start, shop.currency) == (240, "USD")
    assert exchange_rates.list_all(shop) == []


def test_region_stays_once_phone_numbers_are_stored(
    browser: Client, shop: Community
) -> None:
    assert browser.post(PAGE, data(region="us", confirmed="1")).status_code == 303
    shop.refresh_from_db()
    assert shop.region == "US"
    factories.member(shop, "ann", identifiers={"phone": "+1 212 555 0123"})
    answer = browser.post(PAGE, data(region="CN", confirmed="1"))
    assert answer.status_code == 422
    assert "the region cannot change" in answer.content.decode()
    assert browser.post(PAGE, data(timezone="Nowhere")).status_code == 422


def test_only_owners_see_and_change_the_settings(shop: Community, by: Staff) -> None:
    manager = clients.browser(factories.staff(shop, "manager", "max"))
    assert manager.get(PAGE).status_code == 403
    assert "Community settings" not in manager.get("/settings/").content.decode()
    assert create_client(shop, role="manager").patch("/community", {}).status == 403


def test_api_reads_changes_and_rehearses(shop: Community) -> None:
    api = create_client(shop)
    assert api.get("/community").body["timezone"] == "Asia/Shanghai"
    change = {"timezone": "Asia/Tokyo", "name": "Tea"}
    rehearsed = api.patch("/community?dry_run=true", change).body
    assert len(rehearsed["consequences"]) == 2
    assert rehearsed["timezone"] == "Asia/Shanghai"
    assert api.patch("/community", change).body["timezone"] == "Asia/Tokyo"
    assert api.get("/community").body["name"] == "Tea"
    assert api.patch("/community", {"currency": "XXQ"}).kind == "invalid-community"

"""The page of exchange rates, and the totals of orders that use them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.urls import reverse

from qunce.core import community_days, exchange_rates
from qunce.core.communities import Community
from tests import clients, factories
from tests.factories import AT

pytestmark = pytest.mark.django_db


def rates(shop: Community) -> list[tuple[str, str]]:
    return [
        (row.currency, exchange_rates.format_rate(row.rate))
        for row in exchange_rates.list_all(shop)
    ]


def test_rates_are_added_listed_and_removed(shop: Community) -> None:
    client = clients.browser(factories.staff(shop, role="manager"))
    url = reverse("settings:rate-set")
    data = {"currency": "usd", "since": "2026-03-01", "rate": "7.18"}
    assert client.post(url, data).status_code == 303
    assert rates(shop) == [("USD", "7.18")]
    page = client.get(reverse("settings:rate-list")).content.decode()
    assert "7.18" in page
    assert "2026-03-01" in page
    for wrong in ({"rate": "much"}, {"currency": shop.currency}, {"since": "soon"}):
        assert client.post(url, data | wrong).status_code == 422
    client.post(reverse("settings:rate-remove", args=["USD", "2026-03-01"]))
    assert rates(shop) == []


def test_rates_are_for_managers(shop: Community) -> None:
    url = reverse("settings:rate-list")
    viewer = factories.staff(shop, login="viewer", role="viewer")
    assert clients.browser(viewer).get(url).status_code == 403
    manager = factories.staff(shop, login="manager", role="manager")
    assert clients.browser(manager).get(url).status_code == 200


def test_totals_of_orders_are_converted_or_shown_apart(shop: Community) -> None:
    factories.order(shop, None, 10_000)
    factories.order(shop, None, 6_000, currency="USD", source="shopify")
    manager = factories.staff(shop, role="manager")
    client = clients.browser(manager)
    totals = reverse("sales:order-totals")
    page = client.get(totals).content.decode()
    assert "USD 60.00" in page
    today: date = community_days.to_date(shop.day(AT))
    exchange_rates.set_rate(
        community=shop,
        currency="USD",
        since=today - timedelta(days=30),
        rate=exchange_rates.parse_rate("7"),
        by=manager,
        at=AT,
    )
    page = client.get(totals).content.decode()
    assert "520.00" in page
    assert "USD 60.00" not in page
    listed = client.get(reverse("sales:order-list")).content.decode()
    assert "shopify" in listed

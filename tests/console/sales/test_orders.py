from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.members.tags import assignments
from qunce.sales import orders
from tests import factories
from tests.console import desk
from tests.factories import AT

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Community:
    return factories.community(timezone="UTC", language="en")


@pytest.fixture
def browser(shop: Community) -> Client:
    return desk.at(shop)


def pay(
    shop: Community, key: str, account: int | None = None, ago: int = 0, **about: Any
) -> orders.Order:
    given: dict[str, Any] = {"amount": 123456, "currency": "CNY", "items": None} | about
    return orders.record_payment(
        community=shop,
        key=key,
        account=account,
        paid_at=AT - timedelta(hours=ago),
        by=None,
        at=AT,
        **given,
    )


def test_orders_are_listed_with_whose_they_are(
    shop: Community, browser: Client
) -> None:
    assert "No orders yet" in browser.get("/sales/orders/").content.decode()
    ann = factories.member(shop, "ann", name="Ann Lee").pk
    pay(shop, "A-1", ann)
    pay(shop, "A-2")
    page = browser.get("/sales/orders/").content.decode()
    assert "1,234.56" in page
    assert f'href="/members/{ann}/"' in page
    assert "unknown member" in page


def test_pages_are_turned_by_a_place_in_the_list(
    shop: Community, browser: Client
) -> None:
    for n in range(60):
        pay(shop, f"order-{n:02}", ago=n)
    first = browser.get("/sales/orders/").content.decode()
    assert "order-49" in first
    assert "order-50" not in first
    (link,) = [
        part.split('"')[0]
        for part in first.split('href="')
        if part.startswith("?before")
    ]
    second = browser.get(f"/sales/orders/{link}").content.decode()
    assert "order-50" in second
    assert "order-59" in second
    assert "order-49" not in second
    for nonsense in ("x", "1", "-", "9" * 40 + "-1", "²-1", "--1-1"):
        page = browser.get("/sales/orders/", {"before": nonsense})
        assert page.status_code == 200


def test_orders_are_filtered_by_refund_member_and_number(
    shop: Community, browser: Client
) -> None:
    ann = factories.member(shop, "ann").pk
    pay(shop, "hers", ann)
    pay(shop, "given-back")
    orders.refund(community=shop, key="given-back", refunded_at=AT, by=None, at=AT)

    def shown(**query: Any) -> list[str]:
        page = browser.get("/sales/orders/", query).content.decode()
        return [key for key in ("hers", "given-back") if f">{key}<" in page]

    assert shown(state="fully_refunded") == ["given-back"]
    assert shown(state="unrefunded") == ["hers"]
    assert shown(state="partly_refunded") == []
    assert shown(state="nonsense") == ["hers", "given-back"]
    assert shown(member=ann) == ["hers"]
    assert shown(key="given-back") == ["given-back"]
    assert shown(key="\0hers ") == ["hers"]
    assert browser.get("/sales/orders/", {"member": 10**12}).status_code == 404


def test_an_order_shows_what_its_source_told(shop: Community, browser: Client) -> None:
    items = [{"category": "tea", "quantity": 2, "amount": 5000}, {"category": "<b>"}]
    order = pay(shop, "A-1", items=items)
    page = browser.get(f"/sales/orders/{order.pk}/").content.decode()
    assert "tea" in page
    assert "50.00" in page
    assert "&lt;b&gt;" in page
    plain = pay(shop, "A-2")
    page = browser.get(f"/sales/orders/{plain.pk}/").content.decode()
    assert "The source did not provide the order items." in page
    broken = pay(shop, "A-3")
    for text in ("[1, 2]", "{", '"x"', '[{"amount": "1e999", "name": null}]'):
        orders.Order.objects.filter(pk=broken.pk).update(items=text, details=text)
        assert browser.get(f"/sales/orders/{broken.pk}/").status_code == 200


def test_totals_come_after_the_list_and_by_currency(
    shop: Community, browser: Client
) -> None:
    pay(shop, "a")
    pay(shop, "b", currency="USD", amount=100)
    page = browser.get("/sales/orders/").content.decode()
    assert 'hx-get="/sales/orders/totals/' in page
    part = browser.get("/sales/orders/totals/", HTTP_HX_REQUEST="true")
    text = part.content.decode()
    assert "CNY" in text
    assert "1,234.56" in text
    assert "1.00" in text
    assert "<html" not in text
    alone = browser.get("/sales/orders/totals/?state=unrefunded").content.decode()
    assert "1,234.56" in alone
    assert 'href="/sales/orders/?state=unrefunded"' in alone


def test_orders_out_of_sight_are_not_there(shop: Community) -> None:
    """S3"""
    owner = factories.staff(shop)
    ann, bob = factories.members(shop, "ann", "bob-secret")
    assignments.apply(tag=factories.tag(shop, "mine"), accounts=[ann], by=owner, at=AT)
    hers, his, nobodys = pay(shop, "A", ann), pay(shop, "B", bob), pay(shop, "C")
    some = staff_models.create(
        community=shop, login="some", scope={"tag": {"any": ["mine"]}}, at=AT
    )
    browser = desk.sit(some)
    page = browser.get("/sales/orders/").content.decode()
    assert "bob-secret" not in page
    assert browser.get(f"/sales/orders/{hers.pk}/").status_code == 200
    for order in (his, nobodys):
        assert browser.get(f"/sales/orders/{order.pk}/").status_code == 404
    assert browser.get("/sales/orders/", {"member": bob}).status_code == 404
    part = browser.get("/sales/orders/totals/", HTTP_HX_REQUEST="true")
    assert "1 order" in part.content.decode()
    other = desk.at(factories.community("other"), login="eve")
    assert other.get(f"/sales/orders/{hers.pk}/").status_code == 404

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.members.tags import assignments
from qunce.sales import orders
from qunce.sales.models import Order
from tests import clients, factories
from tests.factories import AT

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Community:
    return factories.community(timezone="UTC", language="en")


@pytest.fixture
def browser(shop: Community) -> Client:
    return clients.browser(factories.staff(shop, login="olga"))


def pay(
    shop: Community, key: str, account: int | None = None, ago: int = 0, **fields: Any
) -> Order:
    values: dict[str, Any] = {"amount": 123456, "currency": "CNY", "items": None}
    return orders.record_payment(
        community=shop,
        key=key,
        account=account,
        paid_at=AT - timedelta(hours=ago),
        by=None,
        at=AT,
        **values | fields,
    )


def test_orders_are_listed_with_their_buyers(shop: Community, browser: Client) -> None:
    assert "No orders yet" in browser.get("/sales/orders/").content.decode()
    ann = factories.member(shop, "ann", name="Ann Lee").pk
    pay(shop, "A-1", ann)
    pay(shop, "A-2")
    page = browser.get("/sales/orders/").content.decode()
    assert "1,234.56" in page
    assert f'href="/members/{ann}/"' in page
    assert "unknown member" in page


def test_pages_of_orders_use_a_cursor(shop: Community, browser: Client) -> None:
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
    pay(shop, "paid", ann)
    pay(shop, "refunded")
    orders.refund(community=shop, key="refunded", refunded_at=AT, by=None, at=AT)

    def shown(**query: Any) -> list[str]:
        page = browser.get("/sales/orders/", query).content.decode()
        return [key for key in ("paid", "refunded") if f">{key}<" in page]

    assert shown(state="refunded") == ["refunded"]
    assert shown(state="paid") == ["paid"]
    assert shown(state="partly_refunded") == []
    assert shown(state="nonsense") == ["paid", "refunded"]
    assert shown(member=ann) == ["paid"]
    assert shown(key="refunded") == ["refunded"]
    assert shown(key="\0paid ") == ["paid"]
    assert browser.get("/sales/orders/", {"member": 10**12}).status_code == 404


def test_order_shows_the_data_of_its_source(shop: Community, browser: Client) -> None:
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
        Order.objects.filter(pk=broken.pk).update(items=text, details=text)
        assert browser.get(f"/sales/orders/{broken.pk}/").status_code == 200


def test_totals_are_loaded_after_the_list_per_currency(
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
    alone = browser.get("/sales/orders/totals/?state=paid").content.decode()
    assert "1,234.56" in alone
    assert 'href="/sales/orders/?state=paid"' in alone


def test_orders_outside_the_scope_are_not_found(shop: Community) -> None:
    owner = factories.staff(shop)
    ann, bob = factories.members(shop, "ann", "bob-secret")
    assignments.apply(tag=factories.tag(shop, "mine"), accounts=[ann], by=owner, at=AT)
    visible, hidden, anonymous = (
        pay(shop, "A", ann),
        pay(shop, "B", bob),
        pay(shop, "C"),
    )
    scoped = staff_models.create(
        community=shop, login="scoped", scope={"tag": {"any": ["mine"]}}, at=AT
    )
    browser = clients.browser(scoped)
    page = browser.get("/sales/orders/").content.decode()
    assert f'href="/members/{ann}/"' in page
    assert "bob-secret" not in page
    assert browser.get(f"/sales/orders/{visible.pk}/").status_code == 200
    for order in (hidden, anonymous):
        assert browser.get(f"/sales/orders/{order.pk}/").status_code == 404
    assert browser.get("/sales/orders/", {"member": bob}).status_code == 404
    part = browser.get("/sales/orders/totals/", HTTP_HX_REQUEST="true")
    assert "1 order" in part.content.decode()
    other = clients.browser(factories.staff(factories.community("other"), login="eve"))
    assert other.get(f"/sales/orders/{visible.pk}/").status_code == 404


def test_sources_have_readable_names(shop: Community, browser: Client) -> None:
    order = pay(shop, "A-1", source="import")
    pay(shop, "A-2", source="Corner shop")
    page = browser.get("/sales/orders/").content.decode()
    for text in ("from a file", "Corner shop"):
        assert f'<bdi class="clamp">{text}</bdi>' in page
    assert ">import<" not in page
    detail = browser.get(f"/sales/orders/{order.pk}/").content.decode()
    assert "<bdi>from a file</bdi>" in detail

from __future__ import annotations

from datetime import timedelta

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.people import merges
from qunce.members.tags import assignments
from qunce.sales import order_list, order_totals, orders
from qunce.sales.models import Order
from qunce.sales.order_list import OrderFilters
from tests import factories
from tests.factories import AT, LATER

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
ALL = OrderFilters()


def pay(
    shop: Community, key: str, account: int | None, ago: int = 0, currency: str = "CNY"
) -> Order:
    paid_at = AT - timedelta(hours=ago)
    return factories.order(shop, account, 1000, paid_at, key=key, currency=currency)


def list_keys(by: Staff, filters: OrderFilters = ALL, limit: int = 3) -> list[str]:
    """Return the keys of all pages."""
    keys, before = [], None
    while True:
        page = order_list.page(
            by=by, at=LATER, filters=filters, before=before, limit=limit
        )
        assert len(page.orders) <= limit
        keys += [order.key for order in page.orders]
        if page.next is None:
            return keys
        before = page.next


def test_pages_list_every_order_once_newest_first(shop: Community, by: Staff) -> None:
    created = [pay(shop, f"o{n}", None, ago=n * 7 % 6) for n in range(20)]
    expected = sorted(created, key=lambda one: (one.paid_at, one.pk), reverse=True)
    assert list_keys(by) == [one.key for one in expected]
    assert list_keys(by, limit=50) == [one.key for one in expected]


def test_orders_are_filtered_by_refund_state(shop: Community, by: Staff) -> None:
    for n, amount in enumerate((0, 1, 999, 1000)):
        pay(shop, f"o{n}", None, ago=n)
        if amount:
            factories.refund(shop, f"o{n}", amount, at=AT)
    assert list_keys(by, OrderFilters(state="paid")) == ["o0"]
    assert list_keys(by, OrderFilters(state="any_refund")) == ["o1", "o2", "o3"]
    assert list_keys(by, OrderFilters(state="partly_refunded")) == ["o1", "o2"]
    assert list_keys(by, OrderFilters(state="refunded")) == ["o3"]
    assert list_keys(by, OrderFilters(key="o2")) == ["o2"]
    assert list_keys(by, OrderFilters(key="o")) == []


def test_member_filter_includes_all_their_accounts(shop: Community, by: Staff) -> None:
    ann, ann_too, bob = factories.members(shop, "ann", "ann-2", "bob")
    for n, who in enumerate((ann, ann_too, bob)):
        pay(shop, f"o{n}", who, ago=n)
    merges.merge(community=shop, pairs=[merges.Pair(ann, ann_too)], by=by, at=AT)
    assert list_keys(by, OrderFilters(member=ann_too)) == ["o0", "o1"]
    (order,) = order_list.page(by=by, at=LATER, filters=OrderFilters(key="o1")).orders
    assert order_list.find_buyers([order])[ann_too].key == "ann"


def test_scoped_staff_see_only_orders_of_their_members(
    shop: Community, by: Staff
) -> None:
    """S3"""
    ann, bob = factories.members(shop, "ann", "bob")
    assignments.apply(tag=factories.tag(shop, "mine"), accounts=[ann], by=by, at=AT)
    shown = pay(shop, "visible", ann, ago=3)
    others = [pay(shop, f"hidden{n}", bob, ago=n) for n in range(4)]
    nobodys = pay(shop, "nobody's", None)
    by.scope = {"tag": {"any": ["mine"]}}
    assert list_keys(by) == ["visible"]
    assert order_list.get(by=by, pk=shown.pk, at=LATER) == shown
    for order in (*others, nobodys):
        with pytest.raises(orders.OrderNotFound):
            order_list.get(by=by, pk=order.pk, at=LATER)
    with pytest.raises(account_queries.MemberNotFound):
        list_keys(by, OrderFilters(member=bob))
    totals = order_list.totals(by=by, filters=ALL, at=LATER)
    assert totals == [order_totals.Totals(1, 1000, 0, "CNY")]


def test_orders_of_another_community_are_unknown(shop: Community, by: Staff) -> None:
    other = factories.community("other")
    theirs = pay(other, "theirs", None)
    assert list_keys(by) == []
    with pytest.raises(orders.OrderNotFound):
        order_list.get(by=by, pk=theirs.pk, at=LATER)


def test_currencies_are_summed_separately(shop: Community, by: Staff) -> None:
    pay(shop, "a", None)
    pay(shop, "b", None)
    pay(shop, "c", None, currency="USD")
    factories.refund(shop, "a", 300, at=AT)
    assert order_list.totals(by=by, filters=ALL, at=LATER) == [
        order_totals.Totals(2, 2000, 300, "CNY"),
        order_totals.Totals(1, 1000, 0, "USD"),
    ]
    refunded = OrderFilters(state="any_refund")
    totals = order_list.totals(by=by, filters=refunded, at=LATER)
    assert totals == [order_totals.Totals(1, 1000, 300, "CNY")]


def test_orders_of_a_wide_scope_are_not_summed(
    shop: Community, by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    pay(shop, "a", ann)
    by.scope = {"all": []}
    monkeypatch.setattr(order_list, "MAX_PEOPLE_SUMMED", 1)
    assert order_list.totals(by=by, filters=ALL, at=LATER) is None
    one = order_list.totals(by=by, filters=OrderFilters(member=ann), at=LATER)
    assert one == [order_totals.Totals(1, 1000, 0, "CNY")]
    assert order_list.totals(by=by, filters=OrderFilters(member=bob), at=LATER) == []


def test_page_stops_after_many_rows_and_can_be_continued(
    shop: Community, by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    assignments.apply(tag=factories.tag(shop, "mine"), accounts=[ann], by=by, at=AT)
    for n in range(12):
        pay(shop, f"hidden{n}", bob, ago=n)
    pay(shop, "visible", ann, ago=99)
    by.scope = {"tag": {"any": ["mine"]}}
    monkeypatch.setattr(order_list, "CHUNK_SIZE", 2)
    monkeypatch.setattr(order_list, "MAX_ROWS_SCANNED", 4)
    first = order_list.page(by=by, at=LATER, filters=ALL)
    assert first.orders == []
    assert first.next is not None
    assert list_keys(by) == ["visible"]

from __future__ import annotations

from datetime import timedelta

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.people import merges
from qunce.members.tags import assignments
from qunce.sales import order_list, orders
from qunce.sales.order_list import OrderFilters
from tests import factories
from tests.factories import AT, LATER

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
ALL = OrderFilters()


@pytest.fixture
def shop() -> Community:
    return factories.community()


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop)


def pay(
    shop: Community, key: str, account: int | None, ago: int = 0, currency: str = "CNY"
) -> orders.Order:
    return orders.record_payment(
        community=shop,
        key=key,
        account=account,
        amount=1000,
        currency=currency,
        paid_at=AT - timedelta(hours=ago),
        by=None,
        at=AT,
    )


def refund(shop: Community, key: str, amount: int) -> None:
    orders.refund(
        community=shop, key=key, amount=amount, refunded_at=AT, by=None, at=AT
    )


def walk(by: Staff, wanted: OrderFilters = ALL, limit: int = 3) -> list[str]:
    """Keys of all pages, turned to the end."""
    found, before = [], None
    while True:
        page = order_list.page(
            by=by, at=LATER, filters=wanted, before=before, limit=limit
        )
        assert len(page.orders) <= limit
        found += [order.key for order in page.orders]
        if page.next is None:
            return found
        before = page.next


def test_pages_show_every_order_once_the_newest_first(
    shop: Community, by: Staff
) -> None:
    made_ = [pay(shop, f"o{n}", None, ago=n * 7 % 6) for n in range(20)]
    wanted = sorted(made_, key=lambda one: (one.paid_at, one.pk), reverse=True)
    assert walk(by) == [one.key for one in wanted]
    assert walk(by, limit=50) == [one.key for one in wanted]


def test_orders_are_found_by_what_was_refunded(shop: Community, by: Staff) -> None:
    for n, amount in enumerate((0, 1, 999, 1000)):
        pay(shop, f"o{n}", None, ago=n)
        if amount:
            refund(shop, f"o{n}", amount)
    assert walk(by, OrderFilters(state="unrefunded")) == ["o0"]
    assert walk(by, OrderFilters(state="refunded")) == ["o1", "o2", "o3"]
    assert walk(by, OrderFilters(state="partly_refunded")) == ["o1", "o2"]
    assert walk(by, OrderFilters(state="fully_refunded")) == ["o3"]
    assert walk(by, OrderFilters(key="o2")) == ["o2"]
    assert walk(by, OrderFilters(key="o")) == []


def test_a_member_s_orders_are_those_of_all_their_accounts(
    shop: Community, by: Staff
) -> None:
    ann, too, bob = factories.members(shop, "ann", "ann-2", "bob")
    for n, who in enumerate((ann, too, bob)):
        pay(shop, f"o{n}", who, ago=n)
    merges.merge(community=shop, pairs=[merges.Pair(ann, too)], by=by, at=AT)
    assert walk(by, OrderFilters(member=too)) == ["o0", "o1"]
    (order,) = order_list.page(by=by, at=LATER, filters=OrderFilters(key="o1")).orders
    assert order_list.find_buyers([order])[too].key == "ann"


def test_who_sees_some_people_sees_their_orders_only(
    shop: Community, by: Staff
) -> None:
    """S3"""
    ann, bob = factories.members(shop, "ann", "bob")
    assignments.apply(tag=factories.tag(shop, "mine"), accounts=[ann], by=by, at=AT)
    shown = pay(shop, "hers", ann, ago=3)
    others = [pay(shop, f"his{n}", bob, ago=n) for n in range(4)]
    nobodys = pay(shop, "nobody's", None)
    by.scope = {"tag": {"any": ["mine"]}}
    assert walk(by) == ["hers"]
    assert order_list.get(by=by, pk=shown.pk, at=LATER) == shown
    for order in (*others, nobodys):
        with pytest.raises(orders.OrderNotFound):
            order_list.get(by=by, pk=order.pk, at=LATER)
    with pytest.raises(account_queries.MemberNotFound):
        walk(by, OrderFilters(member=bob))
    told = order_list.totals(by=by, filters=ALL, at=LATER)
    assert told == [orders.Totals(1, 1000, 0, "CNY")]


def test_another_community_s_orders_are_unknown(shop: Community, by: Staff) -> None:
    other = factories.community("other")
    theirs = pay(other, "theirs", None)
    assert walk(by) == []
    with pytest.raises(orders.OrderNotFound):
        order_list.get(by=by, pk=theirs.pk, at=LATER)


def test_money_of_two_currencies_is_never_added(shop: Community, by: Staff) -> None:
    pay(shop, "a", None)
    pay(shop, "b", None)
    pay(shop, "c", None, currency="USD")
    refund(shop, "a", 300)
    assert order_list.totals(by=by, filters=ALL, at=LATER) == [
        orders.Totals(2, 2000, 300, "CNY"),
        orders.Totals(1, 1000, 0, "USD"),
    ]
    refunded = OrderFilters(state="refunded")
    told = order_list.totals(by=by, filters=refunded, at=LATER)
    assert told == [orders.Totals(1, 1000, 300, "CNY")]


def test_very_wide_scopes_are_not_added_up_while_one_waits(
    shop: Community, by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    pay(shop, "a", ann)
    by.scope = {"all": []}
    monkeypatch.setattr(order_list, "MAX_PEOPLE_SUMMED", 1)
    assert order_list.totals(by=by, filters=ALL, at=LATER) is None
    one = order_list.totals(by=by, filters=OrderFilters(member=ann), at=LATER)
    assert one == [orders.Totals(1, 1000, 0, "CNY")]
    assert order_list.totals(by=by, filters=OrderFilters(member=bob), at=LATER) == []


def test_a_page_that_looks_through_many_stops_and_can_go_on(
    shop: Community, by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    assignments.apply(tag=factories.tag(shop, "mine"), accounts=[ann], by=by, at=AT)
    for n in range(12):
        pay(shop, f"his{n}", bob, ago=n)
    pay(shop, "hers", ann, ago=99)
    by.scope = {"tag": {"any": ["mine"]}}
    monkeypatch.setattr(order_list, "CHUNK_SIZE", 2)
    monkeypatch.setattr(order_list, "MAX_ROWS_SCANNED", 4)
    first = order_list.page(by=by, at=LATER, filters=ALL)
    assert first.orders == []
    assert first.next is not None
    assert walk(by) == ["hers"]

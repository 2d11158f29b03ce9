"""Orders after a live session: within the hours, less refunds, by currency."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.activities.activities.models import Activity
from qunce.activities.live_sessions import orders
from qunce.activities.live_sessions.orders import AMENDED, PAID, REFUNDED
from qunce.core.facts.facts import RecordedFact
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities.live_sessions.builders import START, enter, open_session
from tests.activities.live_sessions.test_live_sessions import numbers

HOUR = timedelta(hours=1)
LATE = START + 400 * HOUR


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en", currency="CNY"))


def live_with(by: Staff, *keys: str, **fields: Any) -> Activity:
    live = open_session(by, **fields)
    for pk in factories.members(by.community, *keys):
        assert enter(live, pk).accepted
    return live


def net(live: Activity, by: Staff) -> dict[str, int | str]:
    found = numbers(live, by, LATE)
    return {
        key: value
        for key, value in found.items()
        if key in ("buyers", "orders") or key.startswith("net_")
    }


@pytest.mark.django_db
def test_orders_within_the_hours_count(by: Staff) -> None:
    shop = by.community
    live = live_with(by, "ann", "bob", order_hours=24)
    factories.members(shop, "cy")
    moments = {
        "before": START - timedelta(seconds=1),
        "first": START,
        "last": START + 24 * HOUR,
        "after": START + 24 * HOUR + timedelta(seconds=1),
    }
    for key, at in moments.items():
        factories.order(shop, "ann", 1_000, at, key=key)
    # Who did not come is not counted.
    factories.order(shop, "cy", 5_000, START + HOUR, key="of-cy")
    assert net(live, by) == {"buyers": 1, "orders": 2, "net_CNY": "CNY 20.00"}


@pytest.mark.django_db
def test_refunds_are_subtracted_and_currencies_stay_apart(by: Staff) -> None:
    shop = by.community
    live = live_with(by, "ann", "bob")
    factories.order(shop, "ann", 8_800, START + HOUR, key="a")
    factories.order(shop, "bob", 300, START + HOUR, key="b", currency="USD")
    factories.order(shop, "bob", 700, START + 2 * HOUR, key="c")
    factories.refund(shop, "a", 800, START + 90 * HOUR)
    factories.refund(shop, "c", None, START + 90 * HOUR)
    # A refund of an order that does not count is not subtracted.
    factories.order(shop, "ann", 500, START - HOUR, key="old")
    factories.refund(shop, "old", None, START + HOUR)
    assert net(live, by) == {
        "buyers": 2,
        "orders": 3,
        "net_CNY": "CNY 80.00",
        "net_USD": "USD 3.00",
    }


@pytest.mark.django_db
def test_orders_of_all_accounts_of_a_person_count_for_one_buyer(by: Staff) -> None:
    shop = by.community
    live = live_with(by, "ann")
    factories.members(shop, "anna")
    factories.merge(shop, "ann", "anna")
    factories.order(shop, "ann", 100, START, key="a")
    factories.order(shop, "anna", 100, START, key="b")
    assert net(live, by) == {"buyers": 1, "orders": 2, "net_CNY": "CNY 2.00"}


@pytest.mark.django_db
def test_orders_are_not_counted_if_staff_say_so(by: Staff) -> None:
    live = live_with(by, "ann", order_hours=None)
    factories.order(by.community, "ann", 100, START, key="a")
    assert net(live, by) == {"buyers": 0, "orders": 0}


FACTS = st.lists(
    st.tuples(
        st.sampled_from([PAID, REFUNDED, AMENDED]),
        st.integers(1, 3),  # account
        st.integers(1, 4),  # order
        st.integers(0, 60),  # hours after the start
        st.integers(1, 500),
    ),
    max_size=30,
)


@given(rows=FACTS, hours=st.integers(1, 48))
def test_sums_are_those_of_a_slow_oracle(rows: Any, hours: int) -> None:
    """An order has one currency and is paid once; what is not paid is not refunded."""
    currency = {1: "CNY", 2: "CNY", 3: "USD", 4: ""}
    seen: set[int] = set()
    kept = []
    for kind, account, order, hour, amount in sorted(rows, key=lambda row: row[3]):
        if (kind == PAID) == (order in seen):
            continue
        seen |= {order} if kind == PAID else set()
        kept.append((kind, account, order, hour, amount))
    found = orders.add_up(
        [recorded(number, *row, currency[row[2]]) for number, row in enumerate(kept)],
        until=START + hours * HOUR,
        people={1: 1, 2: 2, 3: 1},
        currency="CNY",
    )
    counted = {row[2]: row for row in kept if row[0] == PAID and row[3] <= hours}
    sums: dict[str, int] = defaultdict(int)
    for kind, _account, order, hour, amount in kept:
        if order in counted and (kind == REFUNDED or hour <= hours):
            sums[currency[order] or "CNY"] += -amount if kind == REFUNDED else amount
    assert {total.currency: total.net for total in found.totals} == dict(sums)
    counts = Counter(currency[order] or "CNY" for order in counted)
    assert {total.currency: total.orders for total in found.totals} == dict(counts)
    assert found.buyers == len({row[1] % 2 for row in counted.values()})


def recorded(
    number: int, kind: str, account: int, order: int, hour: int, amount: int, code: str
) -> RecordedFact:
    at = START + hour * HOUR
    payload: dict[str, Any] = {"order": f"o{order}", "amount": amount}
    return RecordedFact(
        id=number,
        community=1,
        kind=kind,
        account=account,
        group=None,
        happened_at=at,
        recorded_at=at,
        actor=None,
        source=None,
        payload=payload | ({"currency": code} if code else {}),
    )

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from qunce.core import community_days, exchange_rates, permissions, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import factories

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 5, 12, tzinfo=UTC)
MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)


def staff_of(shop: Community, role: str) -> Staff:
    for staff in Staff.objects.filter(community=shop, login=role):
        return staff
    return factories.staff(shop, login=role, role=role)


def set_rate(
    shop: Community,
    currency: str = "USD",
    rate: str = "7.2",
    since: date = MARCH,
    role: str = "manager",
) -> None:
    exchange_rates.set_rate(
        community=shop,
        currency=currency,
        since=since,
        rate=Decimal(rate),
        by=staff_of(shop, role),
        at=AT,
    )


@pytest.mark.both_databases
def test_latest_rate_on_or_before_the_day_holds(shop: Community) -> None:
    set_rate(shop, rate="7.2", since=MARCH)
    set_rate(shop, rate="7.0", since=APRIL)
    factors = exchange_rates.list_factors(shop)
    assert [factor.factor for factor in factors] == [Decimal("7.2"), Decimal(7)]
    first, second = factors
    assert first.end == second.begin
    april = community_days.from_date(APRIL)
    assert shop.day(timestamps.from_micros(second.begin)) == april
    assert shop.day(timestamps.from_micros(second.begin - 1)) == april - 1
    assert second.end == exchange_rates.NEVER_ENDS


@pytest.mark.both_databases
def test_factors_are_of_the_smallest_units(shop: Community) -> None:
    set_rate(shop, "JPY", "0.048")
    (factor,) = exchange_rates.list_factors(shop)
    assert factor.factor == Decimal("4.8")


@pytest.mark.both_databases
def test_rate_of_the_same_day_is_replaced_and_removed(shop: Community) -> None:
    set_rate(shop, rate="7.2")
    set_rate(shop, rate="7.3")
    (row,) = exchange_rates.list_all(shop)
    assert exchange_rates.format_rate(row.rate) == "7.3"
    by = staff_of(shop, "manager")
    exchange_rates.remove(community=shop, currency="USD", since=MARCH, by=by, at=AT)
    assert exchange_rates.list_all(shop) == []
    with pytest.raises(exchange_rates.RateNotFound):
        exchange_rates.remove(community=shop, currency="USD", since=MARCH, by=by, at=AT)


@pytest.mark.parametrize(
    ("currency", "rate"),
    [("CNY", "1"), ("XXX", "2"), ("usd", "2"), ("USD", "0"), ("USD", "-1")],
)
def test_invalid_rate_is_rejected(shop: Community, currency: str, rate: str) -> None:
    with pytest.raises(exchange_rates.InvalidRate):
        set_rate(shop, currency, rate)
    assert exchange_rates.list_all(shop) == []


def test_rates_need_a_permission(shop: Community) -> None:
    with pytest.raises(permissions.NotAllowed):
        set_rate(shop, role="operator")
    set_rate(shop, role="manager")
    assert len(exchange_rates.list_all(shop)) == 1

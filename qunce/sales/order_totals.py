"""Totals of orders: what was paid and refunded, per currency and in the community's.

Orders of people who work here are in no total.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from qunce.core import db, exchange_rates
from qunce.members.accounts import queries as account_queries
from qunce.sets import audiences

if TYPE_CHECKING:
    from datetime import datetime

    from qunce.core.communities import Community


@dataclass(frozen=True)
class Totals:
    """Sums of orders in one currency, in its smallest unit; `paid` is before refunds."""

    orders: int
    paid: int
    refunded: int
    currency: str

    @property
    def net(self) -> int:
        return self.paid - self.refunded

    def __sub__(self, part: Totals) -> Totals:
        return Totals(
            self.orders - part.orders,
            self.paid - part.paid,
            self.refunded - part.refunded,
            self.currency,
        )


@dataclass(frozen=True)
class Sales:
    """Sums of orders in the community's currency, and those without a rate by currency.

    An order counts at the exchange rate of its payment, and so do its refunds.
    """

    total: Totals
    left_out: list[Totals]


SELECT_TOTALS = """
SELECT currency, COUNT(*), SUM(amount), SUM(refunded_amount) FROM sales_order
WHERE community_id = %s{where} GROUP BY currency
"""
SELECT_SPAN = """
SELECT COUNT(*), COALESCE(SUM(amount), 0), COALESCE(SUM(refunded_amount), 0)
FROM sales_order WHERE community_id = %s AND currency = %s
    AND paid_at >= %s AND paid_at < %s{where}
"""


def list_by_currency(community: Community, *, at: datetime) -> list[Totals]:
    """Return one row per currency, the most frequent first."""
    return _list_by_currency(
        community, audiences.uncounted_accounts(community=community, at=at)
    )


def _list_by_currency(community: Community, staff: Sequence[int]) -> list[Totals]:
    found: dict[str, Totals] = {}
    for count, rows in _parts(SELECT_TOTALS, [community.pk], staff):
        for currency, orders, paid, refunded in rows:
            part = Totals(int(orders), int(paid), int(refunded), currency)
            # Staff's orders are subtracted: an index has all sums, but not by account.
            found[currency] = part if count else found[currency] - part
    counted = [each for each in found.values() if each.orders]
    return sorted(counted, key=lambda each: (-each.orders, each.currency))


def sum_sales(community: Community, *, at: datetime) -> Sales:
    """Return what was paid and refunded in the community's currency."""
    staff = audiences.uncounted_accounts(community=community, at=at)

    def sum_span(currency: str, begin: int, end: int) -> tuple[int, int, int]:
        total = Totals(0, 0, 0, currency)
        params = [community.pk, currency, begin, end]
        for count, ((orders, paid, refunded),) in _parts(SELECT_SPAN, params, staff):
            part = Totals(int(orders), int(paid), int(refunded), currency)
            total = part if count else total - part
        return total.orders, total.paid, total.refunded

    return convert(community, _list_by_currency(community, staff), sum_span)


def _parts(
    select: str, params: Sequence[Any], staff: Sequence[int]
) -> Iterator[tuple[bool, list[Any]]]:
    """Yield the rows of all orders, and then with False those that staff placed."""
    yield True, db.rows(select.format(where=""), params)
    for chunk in account_queries.chunks(staff):
        where = f" AND account_id IN ({db.placeholders(len(chunk))})"
        yield False, db.rows(select.format(where=where), [*params, *chunk])


def convert(
    community: Community,
    by_currency: Sequence[Totals],
    sum_span: Callable[[str, int, int], tuple[int, int, int]],
) -> Sales:
    """Add up sums of several currencies at their exchange rates.

    `sum_span` returns the count, paid and refunded of a currency from one microsecond to
    another.
    """
    factors = exchange_rates.list_factors(community)
    parts, left_out = list[tuple[Totals, Decimal]](), []
    for each in by_currency:
        if each.currency == community.currency:
            parts.append((each, Decimal(1)))
            continue
        rest = each
        for factor in factors:
            if factor.currency == each.currency:
                counts = sum_span(each.currency, factor.begin, factor.end)
                some = Totals(*counts, each.currency)
                parts.append((some, factor.factor))
                rest -= some
        if rest.orders:
            left_out.append(rest)
    total = Totals(
        sum(some.orders for some, _factor in parts),
        exchange_rates.convert([(some.paid, factor) for some, factor in parts]),
        exchange_rates.convert([(some.refunded, factor) for some, factor in parts]),
        community.currency,
    )
    return Sales(total, left_out)

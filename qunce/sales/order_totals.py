"""Totals of orders: what was paid and refunded, per currency and in the community's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from qunce.core import db, exchange_rates

if TYPE_CHECKING:
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
WHERE community_id = %s GROUP BY currency ORDER BY COUNT(*) DESC, currency
"""


SELECT_SPAN = """
SELECT COUNT(*), COALESCE(SUM(amount), 0), COALESCE(SUM(refunded_amount), 0)
FROM sales_order WHERE community_id = %s AND currency = %s
    AND paid_at >= %s AND paid_at < %s
"""


def list_by_currency(community: Community) -> list[Totals]:
    """Return one row per currency, the most frequent first."""
    return [
        Totals(int(count), int(paid), int(refunded), currency)
        for currency, count, paid, refunded in db.rows(SELECT_TOTALS, [community.pk])
    ]


def sum_sales(community: Community) -> Sales:
    """Return what was paid and refunded in the community's currency."""

    def sum_span(currency: str, begin: int, end: int) -> tuple[int, int, int]:
        ((count, paid, refunded),) = db.rows(
            SELECT_SPAN, [community.pk, currency, begin, end]
        )
        return int(count), int(paid), int(refunded)

    return convert(community, list_by_currency(community), sum_span)


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

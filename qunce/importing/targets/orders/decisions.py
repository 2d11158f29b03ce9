"""Applies `sales.reconciliation` to the orders of a chunk that are not plain."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

import pyarrow as pa

from qunce.core import money
from qunce.sales import order_changes, reconciliation
from qunce.sales.order_changes import Refunds, ReportedOrder
from qunce.sales.order_statuses import SALE
from qunce.sales.reconciliation.lines import Columns, Contradiction, Line, Refund

MILLION = 1_000_000


class Decided(NamedTuple):
    """`value` is what was paid less what was refunded in millionths, before rounding."""

    order: ReportedOrder
    value: int
    is_net: bool = False
    """The file's amount was what is left after refunds."""


def plain(
    units: int, currency: str, paid_at: int, value: int, is_cancelled: bool
) -> Decided:
    """Return an order of which everything is plain, as the SQL has added it up."""
    if not is_cancelled:
        return Decided(ReportedOrder(currency, paid_at, SALE, None, units), value)
    events = ((paid_at, abs(units)),) if units else ()
    return Decided(ReportedOrder(currency, paid_at, events=events), -abs(value))


def decide(
    lines: Sequence[Line], columns: Columns, currency: str, paid_at: int
) -> Decided:
    """Return what the lines of one order amount to; raises Contradiction."""
    places = money.decimal_places(currency)
    decision = reconciliation.decide(lines, columns, Decimal(1).scaleb(-places))
    amount = None
    if decision.paid is not None:
        amount = round(decision.paid.scaleb(places))
    events = _in_units(decision.events, places, paid_at)
    refunds = _in_units(decision.refunds, places, order_changes.UNDATED)
    net = (decision.paid or Decimal(0)) - decision.refunded
    return Decided(
        ReportedOrder(
            currency=currency,
            paid_at=paid_at,
            meaning=decision.meaning,
            amount=amount,
            events=events,
            refunds=_fit(refunds, events, amount),
            refunds_all=decision.refunds_all,
            refunded_at=decision.refunded_at,
        ),
        0 if decision.refunds_all else int(net * MILLION),
        is_net=columns.paid_is_net and bool(decision.refunds),
    )


def _in_units(refunds: Sequence[Refund], places: int, otherwise: int) -> Refunds:
    return tuple(
        (otherwise if at is None else at, units)
        for at, amount in refunds
        if (units := round(amount.scaleb(places)))
    )


def _fit(refunds: Refunds, events: Refunds, amount: int | None) -> Refunds:
    """Take off what only the rounding of several refunds has added to their sum."""
    total = sum(units for _at, units in (*refunds, *events))
    if amount is None or not refunds or total <= amount:
        return refunds
    *others, (at, last) = refunds
    return (*others, (at, last - (total - amount)))


def decide_all(
    lines: pa.Table,
    currencies: Sequence[str],
    paid_at: Sequence[int],
    columns: Columns,
) -> Iterator[tuple[int, Decided | Contradiction]]:
    """Yield the index and the decision of each order of a table of lines."""
    rows = zip(*(column.to_pylist() for column in lines.columns), strict=True)
    for index, group in itertools.groupby(rows, key=lambda row: row[0]):
        try:
            yield (
                index,
                decide(
                    [_line(*row[2:]) for row in group],
                    columns,
                    currencies[index],
                    paid_at[index],
                ),
            )
        except Contradiction as error:
            yield index, error


def _line(
    at: int | None,
    amount: Decimal | None,
    total: Decimal | None,
    goods: Decimal | None,
    has_goods: bool,
    discount: Decimal | None,
    shipping: Decimal | None,
    tax: Decimal | None,
    refund: Decimal | None,
    refunded_at: int | None,
    meaning: str | None,
) -> Line:
    return Line(
        at=at,
        amount=amount,
        total=total,
        goods=goods,
        has_goods=has_goods,
        discount=discount,
        shipping=shipping,
        tax=tax,
        refund=refund,
        refunded_at=refunded_at,
        status=meaning or "",
    )

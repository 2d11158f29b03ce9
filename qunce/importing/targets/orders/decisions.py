"""Applies `sales.reconciliation` to the orders of a chunk that are not plain."""

from __future__ import annotations

import dataclasses
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
FIELDS = [field.name for field in dataclasses.fields(Line)]


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
    surplus = sum(units for _at, units in (*refunds, *events)) - (amount or 0)
    if amount is not None and refunds and surplus > 0:
        # Only the rounding of several refunds has added to their sum.
        *others, (at, last) = refunds
        refunds = (*others, (at, last - surplus))
    net = (decision.paid or Decimal(0)) - decision.refunded
    return Decided(
        ReportedOrder(
            currency=currency,
            paid_at=paid_at,
            meaning=decision.meaning,
            amount=amount,
            events=events,
            refunds=refunds,
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
                    [Line(**dict(zip(FIELDS, row[2:], strict=True))) for row in group],
                    columns,
                    currencies[index],
                    paid_at[index],
                ),
            )
        except Contradiction as error:
            yield index, error

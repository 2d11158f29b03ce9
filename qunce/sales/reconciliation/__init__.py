"""Decides what the lines of one order in a file mean: what was paid, and what refunded.

Amounts of a file may be those of an order, repeated on each of its lines, or those of the
lines. All evidence is used: a given total, prices and quantities, and whether the lines
of any order in the file differ. What contradicts itself raises Contradiction with the
arithmetic; nothing is guessed or cut off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from django.utils.translation import gettext as _

from qunce.sales import order_statuses
from qunce.sales.reconciliation import arithmetic, payments, refunds
from qunce.sales.reconciliation.lines import Columns, Contradiction, Decision, Line


def decide(lines: Sequence[Line], columns: Columns, unit: Decimal) -> Decision:
    """Return what the lines of one order amount to; `unit` is the currency's smallest."""
    is_closed = {line.status for line in lines} == {order_statuses.CANCELLED}
    lines, meaning = _apply_statuses(refunds.mark_closed(lines, columns))
    refunded_at = max(
        (line.refunded_at for line in lines if line.refunded_at), default=None
    )
    if meaning in order_statuses.NO_SALE:
        return Decision(meaning=meaning, refunded_at=refunded_at)
    value = payments.choose_value(lines)
    refund_rows, rest = refunds.split_rows(lines, value, unit)
    events = refunds.add_up_rows(refund_rows, value)
    of_columns = refunds.list_of_columns(lines, columns)
    if not of_columns:
        of_columns = refunds.list_of_statuses(rest, value, columns)
    if not rest:
        return Decision(meaning=meaning, events=events, refunds=of_columns)
    decision = Decision(
        meaning=meaning,
        paid=payments.decide(rest, value, columns, unit),
        events=events,
        refunds=of_columns,
        refunds_all=not (of_columns or refund_rows)
        and refunds.is_in_full(lines, meaning),
        refunded_at=refunded_at,
    )
    decision = refunds.check(decision, lines, columns, unit)
    if is_closed:
        refunds.check_closed(decision, unit)
    return decision


def _apply_statuses(lines: Sequence[Line]) -> tuple[Sequence[Line], str]:
    """Return the lines that are part of the sale, and what the order's status means."""
    meanings = {line.status for line in lines if line.status}
    if not meanings:
        return lines, order_statuses.SALE
    no_sale = meanings & order_statuses.NO_SALE
    if meanings == no_sale:
        # An order of which one line was closed and another awaits payment is open.
        is_unpaid = order_statuses.UNPAID in meanings
        return lines, order_statuses.UNPAID if is_unpaid else order_statuses.CANCELLED
    if no_sale:
        kept = [line for line in lines if line.status not in no_sale]
        amounts = [line.amount or line.total for line in lines]
        if len(amounts) > 1 and amounts[0] is not None and len(set(amounts)) == 1:
            raise Contradiction(
                "status",
                _(
                    "One line of this order is a sale and another is not, but both give "
                    "the same amount, %(amount)s. Leave the lines out that are no sale."
                )
                % {"amount": arithmetic.format_number(amounts[0])},
            )
        # The total of the order may contain the closed lines, so it proves nothing.
        lines = [
            replace(line, total=None) if line.amount is not None else line
            for line in kept
        ]
        meanings -= no_sale
    if len(meanings) == 1:
        return lines, meanings.pop()
    return lines, order_statuses.PARTLY_REFUNDED

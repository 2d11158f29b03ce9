"""Decides what was refunded of an order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from django.utils.translation import gettext as _

from qunce.sales import order_statuses
from qunce.sales.reconciliation import arithmetic
from qunce.sales.reconciliation.lines import (
    ZERO,
    Columns,
    Contradiction,
    Decision,
    Line,
    Refund,
    Value,
)


def split_rows(
    lines: Sequence[Line], value: Value, unit: Decimal
) -> tuple[list[Line], list[Line]]:
    """Return the rows that are refunds, and the lines of the order."""
    negative = [line for line in lines if (value(line) or ZERO) < 0]
    if not negative:
        return [], list(lines)
    rest = [line for line in lines if line not in negative]
    positive = [line for line in rest if (value(line) or ZERO) > 0]
    if not positive:
        return list(lines), []
    started_at = min(
        (line.at for line in positive if line.at is not None), default=None
    )
    total = arithmetic.only_value(line.total for line in lines)
    everything = sum((value(line) or ZERO for line in lines), ZERO)
    is_amount = any(line.amount is not None for line in lines)
    if is_amount and total is not None and abs(everything - total) < unit:
        # A voucher or rebate, as the total has it taken off already.
        return [], list(lines)
    if value(positive[0]) is positive[0].goods:
        # Goods that were taken back later, not a rebate on the same bill.
        later = [
            line
            for line in negative
            if line.at is not None and started_at is not None and line.at > started_at
        ]
        return later, [line for line in lines if line not in later]
    return negative, rest


def add_up_rows(rows: Sequence[Line], value: Value) -> tuple[Refund, ...]:
    """Return the refunds of rows: those of one moment are one, repeated ones once."""
    by_moment: dict[int | None, list[Decimal]] = {}
    for row in rows:
        amounts = by_moment.setdefault(row.at, [])
        amount = -(value(row) or ZERO)
        # Two equal rows without goods are the same row twice.
        if row.has_goods or amount not in amounts:
            amounts.append(amount)
    sums = ((at, sum(amounts, ZERO)) for at, amounts in by_moment.items())
    return tuple(
        (at, amount)
        for at, amount in sorted(sums, key=lambda one: one[0] or 0)
        if amount
    )


def list_of_columns(lines: Sequence[Line], columns: Columns) -> tuple[Refund, ...]:
    """Return the refunds of the columns: different ones are several, equal ones one."""
    given = [
        (line.refunded_at, abs(line.refund))
        for line in lines
        if line.refund is not None and line.refund != 0
    ]
    is_per_line = columns.refund_is_per_line or len(set(given)) > 1
    if not is_per_line or not all(line.has_goods for line in lines):
        given = list(dict.fromkeys(given))
    by_moment: dict[int | None, Decimal] = {}
    for at, amount in given:
        by_moment[at] = by_moment.get(at, ZERO) + amount
    return tuple(sorted(by_moment.items(), key=lambda one: one[0] or 0))


def list_of_statuses(
    lines: Sequence[Line], value: Value, columns: Columns
) -> tuple[Refund, ...]:
    """Return the refunds of lines whose own status is that they were refunded."""
    refunded = [line for line in lines if line.status == order_statuses.REFUNDED]
    if not refunded or len(refunded) == len(lines):
        return ()
    values = [value(line) for line in lines]
    is_repeated = len(set(values)) == 1 and not columns.amount_is_per_line
    if None in values or (is_repeated and value(lines[0]) is not lines[0].goods):
        return ()
    by_moment: dict[int | None, Decimal] = {}
    for line in refunded:
        amount = by_moment.get(line.refunded_at, ZERO) + (value(line) or ZERO)
        by_moment[line.refunded_at] = amount
    return tuple(sorted(by_moment.items(), key=lambda one: one[0] or 0))


def mark_closed(lines: Sequence[Line], columns: Columns) -> Sequence[Line]:
    """Return the lines with those that were paid and refunded marked as refunded.

    Shops call such orders closed, like those that nobody has paid. Only what was refunded
    distinguishes them, whether the order is new or stored.
    """
    closed = [line.status == order_statuses.CANCELLED for line in lines]
    paid_back = []
    for line, is_closed in zip(lines, closed, strict=True):
        is_dated = line.refund is None and line.refunded_at is not None
        has_refund = bool(line.refund) or is_dated
        given = [n for n in (line.amount, line.total, line.goods) if n is not None]
        # Amounts paid that are net of refunds are zero afterwards.
        has_payment = any(n > 0 or columns.paid_is_net for n in given)
        is_paid_back = has_refund and line.at is not None and has_payment
        paid_back.append(is_closed and is_paid_back)
    # The rows of an order that is closed as a whole need not repeat its refund.
    chosen = closed if all(closed) and any(paid_back) else paid_back
    return [
        replace(line, status=order_statuses.REFUNDED) if is_refunded else line
        for line, is_refunded in zip(lines, chosen, strict=True)
    ]


def check_closed(decision: Decision, unit: Decimal) -> None:
    """Raise if an order that is closed was refunded in part only."""
    paid, refunded = decision.paid or ZERO, decision.refunded
    if decision.meaning != order_statuses.REFUNDED or decision.refunds_all:
        return
    if paid - refunded >= unit / 2:
        raise Contradiction(
            "refunded_amount",
            _(
                "This order is closed, but only %(refunded)s of %(paid)s was refunded. "
                "Correct the refunded amount or the status."
            )
            % {
                "refunded": arithmetic.format_number(refunded),
                "paid": arithmetic.format_number(paid),
            },
        )


def is_in_full(lines: Sequence[Line], meaning: str) -> bool:
    """Whether an order without amounts of refunds was refunded as a whole."""
    if meaning == order_statuses.PARTLY_REFUNDED:
        raise Contradiction(
            "status",
            _(
                "This order is partly refunded, but the amount is missing. Map the "
                "column of the refunded amount."
            ),
        )
    # A time without an amount is that of a refund in full.
    has_amount = any(line.refund is not None for line in lines)
    has_time = any(line.refunded_at is not None for line in lines) and not has_amount
    return meaning == order_statuses.REFUNDED or has_time


def check(
    decision: Decision, lines: Sequence[Line], columns: Columns, unit: Decimal
) -> Decision:
    """Return the decision with the gross payment, or raise if more was refunded."""
    paid, refunded = decision.paid or ZERO, decision.refunded
    if columns.paid_is_net and decision.refunds:
        gross = paid + sum((amount for _at, amount in decision.refunds), ZERO)
        totals = arithmetic.list_candidates(
            line.total for line in lines if line.amount is not None
        )
        # A total that is before refunds is the payment itself.
        if totals and abs(totals[0] - paid) >= unit:
            gross = totals[0]
        paid = gross
    if refunded - paid >= unit / 2:
        raise Contradiction(
            "refunded_amount",
            _(
                "%(refunded)s was refunded, which is more than the %(paid)s that was "
                "paid. Give the amount before refunds."
            )
            % {
                "refunded": arithmetic.format_number(refunded),
                "paid": arithmetic.format_number(paid),
            },
        )
    return replace(decision, paid=paid)

"""Decides what was paid for an order."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from decimal import Decimal

from django.utils.translation import gettext as _

from qunce.sales.reconciliation import arithmetic
from qunce.sales.reconciliation.lines import ZERO, Columns, Contradiction, Line, Value


def choose_value(lines: Sequence[Line]) -> Value:
    """Return which of its columns holds what an order cost."""
    if any(line.amount is not None for line in lines):
        return lambda line: line.amount
    if any(line.total is not None for line in lines):
        return lambda line: line.total
    return lambda line: line.goods


def decide(
    lines: Sequence[Line], value: Value, columns: Columns, unit: Decimal
) -> Decimal:
    amounts = [number for line in lines if (number := value(line)) is not None]
    if not amounts:
        raise Contradiction(
            "amount",
            _(
                "This order has neither an amount nor a price. Every order needs "
                "one of them."
            ),
        )
    tolerance = unit * len(lines) / 2
    if value(lines[0]) is lines[0].goods and not any(
        line.amount is not None or line.total is not None for line in lines
    ):
        return sum(amounts, ZERO) + arithmetic.first_adjustment(lines)
    is_repeated = len(set(amounts)) == 1
    if any(line.amount is not None for line in lines):
        totals = arithmetic.list_candidates(
            [line.total for line in lines], is_summed=True
        )
        if totals:
            return _match_total(lines, amounts, totals, tolerance)
    paid = amounts[0]
    if not is_repeated or (
        len(amounts) > 1 and _is_per_line(lines, amounts, columns, tolerance)
    ):
        _check_lines(lines, amounts)
        paid = sum(amounts, ZERO)
    else:
        _check_repeated(lines)
    _check_parts(lines, paid, tolerance)
    return paid


def _match_total(
    lines: Sequence[Line],
    amounts: Sequence[Decimal],
    totals: Sequence[Decimal],
    tolerance: Decimal,
) -> Decimal:
    """Return what was paid, as the amounts or their sum lead to the total."""
    pairs = itertools.product(
        totals, arithmetic.list_candidates(amounts, is_summed=True)
    )
    # The closest, as for amounts of a cent several are within the rounding.
    total, amount = min(pairs, key=lambda pair: abs(pair[1] - pair[0]))
    if abs(amount - total) <= tolerance:
        return amount
    adjusted = []
    for total, amount, adjustment in itertools.product(
        totals,
        arithmetic.list_candidates(amounts, is_summed=True),
        arithmetic.list_adjustments(lines),
    ):
        adjusted.append((abs(amount + adjustment - total), total))
        # An amount paid is after the discount that the total still contains.
        if len(set(amounts)) == 1:
            adjusted.append((abs(amount - adjustment - total), amount))
    if adjusted:
        difference, paid = min(adjusted, key=lambda each: each[0])
        if difference <= tolerance:
            return paid
    total = totals[0]
    raise Contradiction(
        "amount",
        _(
            "%(arithmetic)s is not the total %(total)s. Correct the row, or do not "
            "import the column of the total."
        )
        % {
            "arithmetic": arithmetic.format_sum(amounts, lines),
            "total": arithmetic.format_number(total),
        },
    )


def _is_per_line(
    lines: Sequence[Line],
    amounts: Sequence[Decimal],
    columns: Columns,
    tolerance: Decimal,
) -> bool:
    """Whether equal amounts of several lines are those of the lines, to be added up."""
    goods = [line.goods for line in lines]
    known = [number for number in goods if number is not None]
    if len(known) == len(goods) == len(amounts):
        whole = sum(known, ZERO)
        is_order = any(
            abs(whole + adjustment - amounts[0]) <= tolerance
            for adjustment in [ZERO, *arithmetic.list_adjustments(lines)]
        )
        is_line = all(abs(number - amounts[0]) <= tolerance for number in known)
        if is_order != is_line:
            return is_line
    return columns.amount_is_per_line


def _check_lines(lines: Sequence[Line], amounts: Sequence[Decimal]) -> None:
    """Raise if different amounts cannot be those of lines."""
    with_goods = [line.has_goods for line in lines]
    is_one_moment = len({line.at for line in lines}) == 1
    if all(with_goods) or (any(with_goods) and is_one_moment):
        return
    raise Contradiction(
        "amount",
        _(
            "The rows of this order give different amounts: %(amounts)s. If each is a "
            "line, map the column of its goods; if one corrects the other, keep the "
            "right one."
        )
        % {"amounts": "; ".join(map(arithmetic.format_number, amounts))},
    )


def _check_repeated(lines: Sequence[Line]) -> None:
    """Raise if rows without goods repeat an amount at different times."""
    moments = {line.at for line in lines if line.at is not None}
    if len(moments) > 1 and not any(line.has_goods for line in lines):
        raise Contradiction(
            "paid_at",
            _(
                "The rows of this order give the same amount at different times. If they "
                "are two orders, give each its own number; otherwise keep one of them."
            ),
        )


def _check_parts(lines: Sequence[Line], paid: Decimal, tolerance: Decimal) -> None:
    """Raise if goods, discount, shipping and tax do not lead to the total of an order."""
    parts = [(line.discount, line.shipping, line.tax) for line in lines]
    has_parts = any(part for row in parts for part in row)
    goods = [line.goods for line in lines if line.goods is not None]
    if not has_parts or len(goods) < len(lines):
        return
    if all(line.total is None for line in lines):
        return
    whole = sum(goods, ZERO)
    if any(
        abs(whole + adjustment - paid) <= tolerance
        for adjustment in arithmetic.list_adjustments(lines)
    ):
        return
    raise Contradiction(
        "total",
        _(
            "%(arithmetic)s is not the total %(total)s. Correct the row, or do not "
            "import the columns of discount, shipping and tax."
        )
        % {
            "arithmetic": arithmetic.format_sum(goods, lines),
            "total": arithmetic.format_number(paid),
        },
    )

"""Sums of the columns of an order, with every reading that a file allows."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from qunce.sales.reconciliation.lines import ZERO, Line


def list_candidates(
    column: Iterable[Decimal | None], *, is_summed: bool = False
) -> list[Decimal]:
    """Return what a column may mean for the order: a repeated value, or the sum.

    Different values are summed. Equal ones may be both with `is_summed`.
    """
    numbers = [number for number in column if number is not None]
    if not numbers:
        return []
    if len(set(numbers)) > 1:
        return [sum(numbers, ZERO)]
    if is_summed and len(numbers) > 1:
        return [numbers[0], sum(numbers, ZERO)]
    return [numbers[0]]


def _part_columns(
    lines: Sequence[Line],
) -> list[tuple[int, list[Decimal | None]]]:
    discounts = [
        None if line.discount is None else abs(line.discount) for line in lines
    ]
    return [
        (-1, discounts),
        (1, [line.shipping for line in lines]),
        (1, [line.tax for line in lines]),
    ]


def list_adjustments(lines: Sequence[Line]) -> Iterator[Decimal]:
    """Yield all sums of shipping and tax less discount, as prices may contain them."""
    choices = [
        [ZERO, *(sign * number for number in list_candidates(column, is_summed=True))]
        for sign, column in _part_columns(lines)
    ]
    for parts in itertools.product(*choices):
        yield sum(parts, ZERO)


def first_adjustment(lines: Sequence[Line]) -> Decimal:
    """Return shipping and tax less discount, each by the first of its readings."""
    adjustment = ZERO
    for sign, column in _part_columns(lines):
        numbers = list_candidates(column)
        adjustment += sign * numbers[0] if numbers else ZERO
    return adjustment


def only_value(column: Iterable[Decimal | None]) -> Decimal | None:
    numbers = {number for number in column if number is not None}
    return numbers.pop() if len(numbers) == 1 else None


def format_sum(numbers: Sequence[Decimal], lines: Sequence[Line]) -> str:
    """Return the sum as people write it, such as `120 + 60 − 20 + 10 = 170`."""
    total, text = sum(numbers, ZERO), " + ".join(map(format_number, numbers[:20]))
    for sign, column in _part_columns(lines):
        for number in list_candidates(column):
            total += sign * number
            text += f" {'+' if sign > 0 else '−'} {format_number(number)}"
    return (
        text
        if "+" not in text and "−" not in text
        else f"{text} = {format_number(total)}"
    )


def format_number(number: Decimal | None) -> str:
    if number is None:
        return "–"
    text = format(number.normalize(), "f")
    # Money of most currencies has two places; more are shown where they matter.
    return text if len(text.partition(".")[2]) > 2 else format(number, ".2f")

"""Decides what the lines of one order in a file say: what was paid, and what refunded.

Amounts of a file may be those of an order, repeated on each of its lines, or those of the
lines. All evidence is used: a given total, prices and quantities, and whether the lines
of any order in the file differ. What contradicts itself raises Contradiction with the
arithmetic; nothing is guessed or cut off.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.sales import order_statuses

ZERO = Decimal(0)


class Contradiction(errors.Invalid):
    """The lines of an order contradict each other; `field` is where to look first."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row of a file. Amounts are in the currency of the order, None without a value.

    `goods` is what the goods of the line cost: its line amount, or price × quantity.
    `status` is one of `order_statuses.MEANINGS`, or empty.
    """

    at: int | None = None
    amount: Decimal | None = None
    total: Decimal | None = None
    goods: Decimal | None = None
    has_goods: bool = False
    discount: Decimal | None = None
    shipping: Decimal | None = None
    tax: Decimal | None = None
    refund: Decimal | None = None
    refunded_at: int | None = None
    status: str = ""


@dataclass(frozen=True)
class Columns:
    """What the columns of the file mean, by the orders in which the lines show it."""

    amount_is_per_line: bool = False
    refund_is_per_line: bool = False
    paid_is_net: bool = False
    """Amounts paid are what is left after refunds."""
    has_gross: bool = False
    """Other orders show that amounts paid are before refunds."""


Refund = tuple[int | None, Decimal]
"""Microsecond, None if the file does not give it, and amount of a refund."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """`paid` is before refunds, None for refunds of an order that this file lacks.

    `events` are refunds that are rows of their own. `refunds` are those of columns.
    `refunds_all` means that whatever is left of the order was refunded.
    """

    meaning: str = order_statuses.SALE
    paid: Decimal | None = None
    events: tuple[Refund, ...] = ()
    refunds: tuple[Refund, ...] = ()
    refunds_all: bool = False
    refunded_at: int | None = None

    @property
    def refunded(self) -> Decimal:
        return sum((amount for _at, amount in self.events + self.refunds), ZERO)


def decide(lines: Sequence[Line], columns: Columns, unit: Decimal) -> Decision:
    """Return what the lines of one order say; `unit` is the smallest of the currency."""
    lines, meaning = _apply_statuses(lines)
    refunded_at = max(
        (line.refunded_at for line in lines if line.refunded_at), default=None
    )
    if meaning in order_statuses.NO_SALE:
        return Decision(meaning=meaning, refunded_at=refunded_at)
    value = _choose_value(lines)
    events, rest = _split_refund_rows(lines, value, unit)
    refunds = _list_refunds(lines, columns) or _refunded_lines(rest, value, columns)
    if not rest:
        return Decision(
            meaning=meaning, events=_add_up_events(events, value), refunds=refunds
        )
    paid = _decide_paid(rest, value, columns, unit)
    decision = Decision(
        meaning=meaning,
        paid=paid,
        events=_add_up_events(events, value),
        refunds=refunds,
        refunds_all=_refunds_all(lines, meaning, refunds, events),
        refunded_at=refunded_at,
    )
    return _check_refunds(decision, lines, columns, unit)


# Statuses


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
                % {"amount": _text(amounts[0])},
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


# Payments

Value = Callable[[Line], Decimal | None]


def _choose_value(lines: Sequence[Line]) -> Value:
    """Return which of its columns says what an order cost."""
    if any(line.amount is not None for line in lines):
        return lambda line: line.amount
    if any(line.total is not None for line in lines):
        return lambda line: line.total
    return lambda line: line.goods


def _split_refund_rows(
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
    total = _only_value(line.total for line in lines)
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


def _add_up_events(rows: Sequence[Line], value: Value) -> tuple[Refund, ...]:
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


def _decide_paid(
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
        return sum(amounts, ZERO) + _first_adjustment(lines)
    is_repeated = len(set(amounts)) == 1
    if any(line.amount is not None for line in lines):
        totals = _candidates([line.total for line in lines], is_summed=True)
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
    for total, amount in itertools.product(
        totals, _candidates(amounts, is_summed=True)
    ):
        if abs(amount - total) <= tolerance:
            return amount
    for total in totals:
        for amount, adjustment in itertools.product(
            _candidates(amounts, is_summed=True), _adjustments(lines)
        ):
            if abs(amount + adjustment - total) <= tolerance:
                return total
            # An amount paid is after the discount that the total still contains.
            if abs(amount - adjustment - total) <= tolerance and len(set(amounts)) == 1:
                return amount
    raise Contradiction(
        "amount",
        _(
            "%(arithmetic)s is not the total %(total)s. Correct the row, or do not "
            "import the column of the total."
        )
        % {"arithmetic": _arithmetic(amounts, lines), "total": _text(totals[0])},
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
            for adjustment in [ZERO, *_adjustments(lines)]
        )
        is_line = all(abs(number - amounts[0]) <= tolerance for number in known)
        if is_order != is_line:
            return is_line
    return columns.amount_is_per_line


def _check_lines(lines: Sequence[Line], amounts: Sequence[Decimal]) -> None:
    """Raise if different amounts cannot be those of lines."""
    if all(line.has_goods for line in lines) or len({line.at for line in lines}) == 1:
        return
    raise Contradiction(
        "amount",
        _(
            "The rows of this order give different amounts at different times: "
            "%(amounts)s. If each is a line, map the column of its goods; if one "
            "corrects the other, keep the right one."
        )
        % {"amounts": "; ".join(map(_text, amounts))},
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
        for adjustment in _adjustments(lines)
    ):
        return
    raise Contradiction(
        "total",
        _(
            "%(arithmetic)s is not the total %(total)s. Correct the row, or do not "
            "import the columns of discount, shipping and tax."
        )
        % {"arithmetic": _arithmetic(goods, lines), "total": _text(paid)},
    )


def _first_adjustment(lines: Sequence[Line]) -> Decimal:
    """Return shipping and tax less discount, each by the first of its readings."""
    adjustment = ZERO
    for sign, column in _part_columns(lines):
        numbers = _candidates(column)
        adjustment += sign * numbers[0] if numbers else ZERO
    return adjustment


def _adjustments(lines: Sequence[Line]) -> Iterator[Decimal]:
    """Yield all sums of shipping and tax less discount, as prices may contain them."""
    choices = [
        [ZERO, *(sign * number for number in _candidates(column, is_summed=True))]
        for sign, column in _part_columns(lines)
    ]
    for parts in itertools.product(*choices):
        yield sum(parts, ZERO)


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


def _candidates(
    column: Iterable[Decimal | None], *, is_summed: bool = False
) -> list[Decimal]:
    """Return what a column may say of the order: a repeated value, or the sum.

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


# Refunds


def _list_refunds(lines: Sequence[Line], columns: Columns) -> tuple[Refund, ...]:
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


def _refunded_lines(
    lines: Sequence[Line], value: Value, columns: Columns
) -> tuple[Refund, ...]:
    """Return the refunds of lines whose own status says that they were refunded."""
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


def _refunds_all(
    lines: Sequence[Line],
    meaning: str,
    refunds: tuple[Refund, ...],
    events: Sequence[Line],
) -> bool:
    if refunds or events:
        return False
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


def _check_refunds(
    decision: Decision, lines: Sequence[Line], columns: Columns, unit: Decimal
) -> Decision:
    """Return the decision with the gross payment, or raise if more was refunded."""
    paid, refunded = decision.paid or ZERO, decision.refunded
    if columns.paid_is_net and decision.refunds:
        gross = paid + sum((amount for _at, amount in decision.refunds), ZERO)
        totals = _candidates(line.total for line in lines if line.amount is not None)
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
            % {"refunded": _text(refunded), "paid": _text(paid)},
        )
    return replace(decision, paid=paid)


# Text


def _only_value(column: Iterable[Decimal | None]) -> Decimal | None:
    numbers = {number for number in column if number is not None}
    return numbers.pop() if len(numbers) == 1 else None


def _arithmetic(numbers: Sequence[Decimal], lines: Sequence[Line]) -> str:
    """Return the sum as people write it, such as `120 + 60 − 20 + 10 = 170`."""
    total, text = sum(numbers, ZERO), " + ".join(map(_text, numbers[:20]))
    for sign, column in _part_columns(lines):
        for number in _candidates(column):
            total += sign * number
            text += f" {'+' if sign > 0 else '−'} {_text(number)}"
    return text if "+" not in text and "−" not in text else f"{text} = {_text(total)}"


def _text(number: Decimal | None) -> str:
    if number is None:
        return "–"
    text = format(number.normalize(), "f")
    # Money of most currencies has two places; more are shown where they matter.
    return text if len(text.partition(".")[2]) > 2 else format(number, ".2f")

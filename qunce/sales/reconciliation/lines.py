"""The lines of an order in a file, what their columns mean, and what is decided of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

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


Value = Callable[[Line], Decimal | None]

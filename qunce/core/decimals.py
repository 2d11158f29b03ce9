"""Decimal numbers from outside, with few enough digits that computing with them is fast.

`1e20000000` is ten characters long, and an integer of twenty million digits.
"""

from __future__ import annotations

from decimal import Context, Decimal, InvalidOperation

MAX_DIGITS = 400
"""On either side of the decimal point."""
EXACT = Context(prec=2_000)
"""Rounds none of these numbers; the usual context rounds to 28 digits."""


class NotADecimal(ValueError):
    """This is no number, no finite one, or one of too many digits."""


def parse(text: object) -> Decimal:
    """`"12.50"` → `Decimal("12.50")`; a float is read by its text. Raises NotADecimal."""
    try:
        number = Decimal(str(text).strip())
    except InvalidOperation:
        raise NotADecimal(f"not a number: {str(text)[:40]}") from None
    if not is_countable(number):
        raise NotADecimal(f"too many digits: {str(text)[:40]}")
    return number


def is_countable(number: Decimal) -> bool:
    """Whether the number is finite and has few enough digits for exact arithmetic."""
    _sign, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):
        return False
    return len(digits) + max(exponent, 0) <= MAX_DIGITS and exponent >= -MAX_DIGITS

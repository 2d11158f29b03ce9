"""Amounts of money as integers of the smallest unit of their currency."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _

from qunce.core import errors

ZERO_DECIMAL_CURRENCIES = frozenset(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split()
)
THREE_DECIMAL_CURRENCIES = frozenset("BHD IQD JOD KWD LYD OMR TND".split())
MAX_AMOUNT = 9_000_000_000_000_000


class InvalidMoney(errors.Invalid):
    """The text is not an amount, or the amount is too large."""


def decimal_places(currency: str) -> int:
    """Digits after the decimal point, by ISO 4217."""
    if currency in ZERO_DECIMAL_CURRENCIES:
        return 0
    return 3 if currency in THREE_DECIMAL_CURRENCIES else 2


def parse(text: str | int | float | Decimal, currency: str) -> int:
    """`"1,234.50"` → 123450. Raises InvalidMoney.

    Digits beyond those of the currency are rounded half to even, because shops export
    products of prices and quantities as binary fractions.
    """
    try:
        # Thousands separators may be full-width commas, as Chinese keyboards type them.
        amount = Decimal(str(text).replace(",", "").replace("，", "").strip())
        units = int((amount * 10 ** decimal_places(currency)).quantize(Decimal(1)))
    except (InvalidOperation, ValueError, OverflowError):
        raise InvalidMoney(
            _("“%(text)s” is not an amount. Use digits with an optional decimal point.")
            % {"text": text}
        ) from None
    if abs(units) > MAX_AMOUNT:
        raise InvalidMoney(_("“%(text)s” is too large an amount.") % {"text": text})
    return units


def format_amount(units: int, currency: str) -> str:
    """123450 → `"1234.50"`."""
    digits = decimal_places(currency)
    return f"{Decimal(units).scaleb(-digits):.{digits}f}"

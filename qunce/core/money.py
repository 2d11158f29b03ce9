"""Money as whole numbers of a currency's smallest unit."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _

from qunce.core import errors

WITHOUT_CENTS = frozenset(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split()
)
WITH_MILLS = frozenset("BHD IQD JOD KWD LYD OMR TND".split())
LARGEST = 9_000_000_000_000_000


class InvalidMoney(errors.Invalid):
    """The amount cannot be written exactly in its currency."""


def places(currency: str) -> int:
    """Digits after the point, after ISO 4217."""
    if currency in WITHOUT_CENTS:
        return 0
    return 3 if currency in WITH_MILLS else 2


def parse(text: str | int | float | Decimal, currency: str) -> int:
    """`"1,234.50"` → 123450; halves of a smallest unit round to even.

    More digits than the currency has are rounded, as shops export unit prices × quantity
    in binary fractions; what is not a number, or too large, is refused.
    """
    try:
        amount = Decimal(str(text).replace(",", "").replace("，", "").strip())
        units = int((amount * 10 ** places(currency)).quantize(Decimal(1)))
    except (InvalidOperation, ValueError, OverflowError):
        raise InvalidMoney(
            _("“%(text)s” is not an amount. Use digits with an optional decimal point.")
            % {"text": text}
        ) from None
    if abs(units) > LARGEST:
        raise InvalidMoney(_("“%(text)s” is too large an amount.") % {"text": text})
    return units


def show(units: int, currency: str) -> str:
    """123450 → `"1234.50"`."""
    digits = places(currency)
    return f"{Decimal(units).scaleb(-digits):.{digits}f}"

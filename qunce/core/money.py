"""Amounts of money as integers of the smallest unit of their currency."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _

from qunce.core import decimals, errors

ZERO_DECIMAL_CURRENCIES = frozenset(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split()
)
THREE_DECIMAL_CURRENCIES = frozenset("BHD IQD JOD KWD LYD OMR TND".split())
CURRENCIES = ZERO_DECIMAL_CURRENCIES | THREE_DECIMAL_CURRENCIES
CURRENCIES |= frozenset(
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP"
    " BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP"
    " GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD"
    " KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD"
    " NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD"
    " SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS"
    " VED VES WST XCD YER ZAR ZMW ZWG".split()
)
"""Codes of ISO 4217 in use."""

DOLLARS = "USD AUD CAD HKD NZD SGD TWD MXN ARS CLP COP BND FJD JMD TTD XCD BSD BBD BZD"
CROWNS = "SEK NOK DKK ISK"
SIGNS = {
    "¥": "CNY JPY",
    "元": "CNY TWD HKD MOP",
    "块": "CNY",
    "圆": "CNY JPY",
    "円": "JPY",
    "$": DOLLARS,
    "€": "EUR",
    "£": "GBP",
    "₩": "KRW",
    "원": "KRW",
    "₽": "RUB",
    "₹": "INR",
    "₫": "VND",
    "₱": "PHP",
    "฿": "THB",
    "₺": "TRY",
    "₴": "UAH",
    "₪": "ILS",
    "₦": "NGN",
    "₸": "KZT",
    "₮": "MNT",
    "rmb": "CNY",
    "人民币": "CNY",
    "cn¥": "CNY",
    "jp¥": "JPY",
    "us$": "USD",
    "usd$": "USD",
    "u$s": "USD",
    "美元": "USD",
    "美金": "USD",
    "hk$": "HKD",
    "港币": "HKD",
    "港元": "HKD",
    "nt$": "TWD",
    "新台币": "TWD",
    "台币": "TWD",
    "s$": "SGD",
    "新加坡元": "SGD",
    "新币": "SGD",
    "a$": "AUD",
    "au$": "AUD",
    "澳元": "AUD",
    "澳币": "AUD",
    "c$": "CAD",
    "ca$": "CAD",
    "加元": "CAD",
    "加币": "CAD",
    "nz$": "NZD",
    "纽元": "NZD",
    "mx$": "MXN",
    "mop$": "MOP",
    "澳门元": "MOP",
    "r$": "BRL",
    "欧元": "EUR",
    "英镑": "GBP",
    "日元": "JPY",
    "日圆": "JPY",
    "日币": "JPY",
    "韩元": "KRW",
    "韩币": "KRW",
    "泰铢": "THB",
    "卢布": "RUB",
    "瑞郎": "CHF",
    "fr.": "CHF",
    "sfr": "CHF",
    "林吉特": "MYR",
    "马币": "MYR",
    "rm": "MYR",
    "rp": "IDR",
    "rs": "INR PKR LKR",
    "rs.": "INR PKR LKR",
    "zł": "PLN",
    "kč": "CZK",
    "ft": "HUF",
    "lei": "RON",
    "kr": CROWNS,
    "kr.": CROWNS,
}
"""Signs and words next to an amount, with the currencies they may mean, likeliest first."""
EUROPEAN_NAMES = {"euro": "EUR", "euros": "EUR", "dollars": DOLLARS, "dollar": DOLLARS}
_MARKS = r"[\s(+\-−–]*"
_LETTERS = r"[^\d\s.,'’()+\-−–_万千亿%][^\d\s,'’()+\-−–_万千亿%]*"
_LEADING = re.compile(rf"(?P<start>{_MARKS})(?P<sign>{_LETTERS})\s*(?P<end>.*)", re.S)
_TRAILING = re.compile(
    rf"(?P<start>.*?[\d.,)]\s*(?:[万千亿]|[wk](?![a-z.]))?)\s*(?P<sign>{_LETTERS})(?P<end>[\s)+\-−–]*)",
    re.S | re.I,
)
LARGE_NUMBERS = ("w", "k", "万", "千", "亿")
"""Words for ten thousand and the like, which are part of the number."""
MAX_AMOUNT = 9_000_000_000_000_000


class InvalidMoney(errors.Invalid):
    """The text is not an amount, or the amount is too large."""


class UnknownCurrency(InvalidMoney):
    """The sign next to an amount is not one of a currency."""


def decimal_places(currency: str) -> int:
    """Digits after the decimal point, by ISO 4217."""
    if currency in ZERO_DECIMAL_CURRENCIES:
        return 0
    return 3 if currency in THREE_DECIMAL_CURRENCIES else 2


def find_currencies(sign: str) -> tuple[str, ...]:
    """Return the codes that a sign, word or code may mean; empty for an unknown one.

    `"¥"` → `("CNY", "JPY")`, `"usd"` → `("USD",)`.
    """
    plain = unicodedata.normalize("NFKC", sign).strip().casefold()
    if plain.upper() in CURRENCIES:
        return (plain.upper(),)
    return tuple((SIGNS.get(plain) or EUROPEAN_NAMES.get(plain) or "").split())


def split(text: str) -> tuple[str, str]:
    """Separate an amount from the sign or code next to it: `"-¥5"` → `("¥", "-5")`.

    The sign is empty without one. Raises UnknownCurrency if the letters beside the
    amount are no currency, and InvalidMoney if two of them differ. Words for large
    numbers, such as 万, stay with the amount.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    signs, rest = [], plain
    for pattern in (_LEADING, _TRAILING):
        match = pattern.fullmatch(rest)
        if match is None or not any(map(str.isdigit, rest)):
            continue
        if match["sign"].casefold() in LARGE_NUMBERS:
            continue
        if not find_currencies(match["sign"]):
            raise UnknownCurrency(
                _("“%(sign)s” is not a currency. Write a code such as USD.")
                % {"sign": match["sign"]}
            )
        signs.append(match["sign"])
        rest = match["start"] + match["end"]
    if len(signs) == 2 and not set(find_currencies(signs[0])) & set(
        find_currencies(signs[1])
    ):
        raise InvalidMoney(
            _("“%(text)s” names two currencies. Keep one of them.") % {"text": text}
        )
    # Of ¥ and CNY around one amount, the one with fewer meanings decides which it is.
    return min(signs, key=lambda s: len(find_currencies(s)), default=""), rest


def parse(text: str) -> tuple[str | None, Decimal]:
    """`"US$1,234.50"` → `("USD", Decimal("1234.50"))`; None without a sign.

    A sign of several currencies means the likeliest. Raises InvalidMoney.
    """
    sign, number = split(text)
    currencies = find_currencies(sign)
    try:
        amount = decimals.parse(number.replace(",", "").replace("−", "-"))
    except decimals.NotADecimal:
        raise _not_an_amount(text) from None
    return (currencies[0] if currencies else None), amount


def _not_an_amount(text: object) -> InvalidMoney:
    return InvalidMoney(
        _("“%(text)s” is not an amount. Use digits with an optional decimal point.")
        % {"text": text}
    )


def to_units(text: str | int | float | Decimal, currency: str) -> int:
    """`"1,234.50"` → 123450. Raises InvalidMoney.

    Digits beyond those of the currency are rounded half to even, because shops export
    products of prices and quantities as binary fractions.
    """
    try:
        units = int(
            (_to_decimal(text) * 10 ** decimal_places(currency)).quantize(Decimal(1))
        )
    except (decimals.NotADecimal, InvalidOperation):
        raise _not_an_amount(text) from None
    if abs(units) > MAX_AMOUNT:
        raise InvalidMoney(_("“%(text)s” is too large an amount.") % {"text": text})
    return units


def _to_decimal(text: object) -> Decimal:
    # Thousands separators may be full-width commas, as Chinese keyboards type them.
    return decimals.parse(str(text).replace(",", "").replace("，", ""))


def parse_units(text: str, currency: str) -> int:
    """`"12.34"` → 1234; raises InvalidMoney for more decimals than the currency has."""
    units = to_units(text, currency)
    if Decimal(units).scaleb(-decimal_places(currency)) != _to_decimal(text):
        raise InvalidMoney(
            _("%(currency)s has %(places)d decimals, so “%(text)s” is not an amount.")
            % {"currency": currency, "places": decimal_places(currency), "text": text}
        )
    return units


def format_amount(units: int, currency: str) -> str:
    """123450 → `"1234.50"`."""
    digits = decimal_places(currency)
    return f"{Decimal(units).scaleb(-digits):.{digits}f}"


def format_with_currency(units: int, currency: str) -> str:
    """123450 → `"CNY 1,234.50"`."""
    return f"{currency} {Decimal(format_amount(units, currency)):,}"


def format_exactly(units: object, currency: str) -> str:
    """`"12345.5"` → `"CNY 123.455"`; a fraction of the smallest unit keeps its digits.

    Raises NotADecimal.
    """
    return f"{currency} {to_exact_amount(units, currency):,f}"


def to_exact_amount(units: object, currency: str) -> Decimal:
    """`"12345.5"` → `Decimal("123.455")`; raises NotADecimal."""
    amount = decimals.parse(units).scaleb(-decimal_places(currency), decimals.EXACT)
    return with_decimals(amount, currency)


def with_decimals(amount: Decimal, currency: str) -> Decimal:
    """The amount with the decimals of its currency, or with more if it has more."""
    unit = Decimal(1).scaleb(-decimal_places(currency))
    rounded = amount.quantize(unit, context=decimals.EXACT)
    return rounded if rounded == amount else amount


def format_all(amounts: Mapping[str, int]) -> str:
    """{"EUR": 500, "USD": 6000} → `"EUR 5.00, USD 60.00"`."""
    return _(", ").join(
        format_with_currency(units, currency) for currency, units in amounts.items()
    )

"""Parses numbers as people write them, with separators, currency signs and 万.

1,234 is one thousand two hundred and thirty-four, unless another value of its column,
such as 12,5, can only be read with a decimal comma.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

POINT, COMMA = "point", "comma"
CURRENCY = re.compile(
    r"^(?:cny|rmb|usd|eur|gbp|hkd|jpy|[¥$€£₩₽₹]|us\$|hk\$)+|"
    r"(?:cny|rmb|usd|eur|gbp|hkd|jpy|[¥$€£₩₽₹]|元|块)+$",
    re.IGNORECASE,
)
SPACES = re.compile(r"[\s'’_]")
DECIMAL_COMMA = re.compile(r"(?:^|\D)\d{1,3}(?:\.\d{3})*,(?:\d{1,2}|\d{4,})(?!\d)")
GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d{1,4}(?:,\d{4})+(?:\.\d*)?")
DIGITS = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,2})?", re.IGNORECASE)
UNITS = {"万": 10_000, "w": 10_000, "千": 1_000, "k": 1_000, "亿": 100_000_000}
RESOLUTION = Decimal("0.000001")
MAX_NUMBER = Decimal(10) ** 12


class InvalidNumber(ValueError):
    """The text is not a number, or the number is too large."""


def detect_style(texts: Iterable[str]) -> str:
    """Return COMMA if one of the texts can only be read with a decimal comma."""
    return COMMA if any(DECIMAL_COMMA.search(text) for text in texts) else POINT


def parse(text: str, style: str = POINT) -> Decimal:
    """Return the exact number, rounded half to even to six places.

    More places come from computed cells, such as 2.5500000000000003.
    """
    digits, sign = _split_sign(SPACES.sub("", unicodedata.normalize("NFKC", text)))
    # 1.2万 is twelve thousand; exports of Chinese shops round large numbers this way.
    factor = UNITS.get(digits[-1:].lower(), 1)
    if factor > 1:
        digits = digits[:-1]
    if style == COMMA:
        digits = digits.replace(".", "").replace(",", ".")
    elif GROUPED.fullmatch(digits):
        digits = digits.replace(",", "")
    if not DIGITS.fullmatch(digits):
        raise InvalidNumber(text)
    try:
        # Raises InvalidOperation for numbers of more digits than the context holds.
        number = (sign * factor * Decimal(digits)).quantize(RESOLUTION)
    except InvalidOperation:
        raise InvalidNumber(text) from None
    if abs(number) >= MAX_NUMBER:
        raise InvalidNumber(text)
    return number + 0  # no negative zero


def _split_sign(text: str) -> tuple[str, int]:
    """Return the text without sign and currency, and the sign.

    −5, -¥5, ¥-5, (5) and 5- are all minus five.
    """
    sign = 1
    text = text.replace("−", "-").replace("–", "-")
    if text.startswith("(") and text.endswith(")"):
        text, sign = text[1:-1], -1
    # The currency may be before or after the sign.
    for _attempt in range(2):
        text = CURRENCY.sub("", text)
        if text.startswith(("-", "+")):
            sign = -sign if text[0] == "-" else sign
            text = text[1:]
            break
        if text.endswith("-"):
            text, sign = text[:-1], -sign
            break
    return CURRENCY.sub("", text), sign

"""Amounts and numbers as people write them: separators, currency signs, 万.

1,234 is one thousand two hundred and thirty-four, unless its column also has 12,5,
which only a decimal comma explains.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

POINT, COMMA = "point", "comma"
AROUND = re.compile(
    r"^(?:cny|rmb|usd|eur|gbp|hkd|jpy|[¥$€£₩₽₹]|us\$|hk\$)+|"
    r"(?:cny|rmb|usd|eur|gbp|hkd|jpy|[¥$€£₩₽₹]|元|块)+$",
    re.IGNORECASE,
)
GAPS = re.compile(r"[\s'’_]")
DECIMAL_COMMA = re.compile(r"(?:^|\D)\d{1,3}(?:\.\d{3})*,(?:\d{1,2}|\d{4,})(?!\d)")
GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d{1,4}(?:,\d{4})+(?:\.\d*)?")
BARE = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,2})?", re.IGNORECASE)
UNITS = {"万": 10_000, "w": 10_000, "千": 1_000, "k": 1_000, "亿": 100_000_000}
RESOLUTION = Decimal("0.000001")
MAX_NUMBER = Decimal(10) ** 12


class InvalidNumber(ValueError):
    """A text is not a number, or too large a one."""


def detect_style(texts: Iterable[str]) -> str:
    """COMMA when a text can only be read with a decimal comma."""
    return COMMA if any(DECIMAL_COMMA.search(text) for text in texts) else POINT


def parse(text: str, style: str = POINT) -> Decimal:
    """Exact to six places, rounded half to even beyond (2.5500000000000003)."""
    bare, sign = _signed(GAPS.sub("", unicodedata.normalize("NFKC", text)))
    factor = UNITS.get(bare[-1:].lower(), 1)
    if factor > 1:
        bare = bare[:-1]
    if style == COMMA:
        bare = bare.replace(".", "").replace(",", ".")
    elif GROUPED.fullmatch(bare):
        bare = bare.replace(",", "")
    if not BARE.fullmatch(bare):
        raise InvalidNumber(text)
    try:
        number = (sign * factor * Decimal(bare)).quantize(RESOLUTION)
    except InvalidOperation:
        raise InvalidNumber(text) from None
    if abs(number) >= MAX_NUMBER:
        raise InvalidNumber(text)
    return number + 0  # no negative zero


def _signed(text: str) -> tuple[str, int]:
    """Without sign, brackets and currency; −5, -¥5, ¥-5, (5) and 5- are all minus five."""
    sign = 1
    text = text.replace("−", "-").replace("–", "-")
    if text.startswith("(") and text.endswith(")"):
        text, sign = text[1:-1], -1
    for _round in range(2):
        text = AROUND.sub("", text)
        if text.startswith(("-", "+")):
            sign = -sign if text[0] == "-" else sign
            text = text[1:]
            break
        if text.endswith("-"):
            text, sign = text[:-1], -sign
            break
    return AROUND.sub("", text), sign

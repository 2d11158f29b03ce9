"""Parses numbers as people write them, with separators, currency signs and 万.

A style says which sign separates decimals. 1,234 is one thousand two hundred and
thirty-four in one style and about one in the other; its column decides.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from qunce.core import money

POINT, COMMA = "point", "comma"
STYLES = (POINT, COMMA)
SPACES = re.compile(r"\s+")
ROUNDED = re.compile(r"\d(?:[.,]\d+)?E\+\d{2,}")
"""Spreadsheets save numbers that are too wide for their column like this."""
PLAIN = re.compile(r"-?[\d.,]+")
UNITS = {"万": 10_000, "w": 10_000, "千": 1_000, "k": 1_000, "亿": 100_000_000}
RESOLUTION = Decimal("0.000001")
MAX_NUMBER = Decimal(10) ** 12


def _notation(decimal: str, group: str) -> re.Pattern[str]:
    """Return the pattern of numbers, whose groups of digits have one sign throughout."""
    fraction = rf"(?:{decimal}\d*)?"
    return re.compile(
        rf"\d+{fraction}(?:e[+-]?\d{{1,2}})?|{decimal}\d+|"
        # Thousands never begin with a zero, so 0,299 has a decimal comma.
        rf"[1-9]\d{{0,2}}(?P<sign>{group}|[ '’_])\d{{3}}(?:(?P=sign)\d{{3}})*{fraction}|"
        # Groups of 万 are written with a comma only.
        + (rf"[1-9]\d{{0,3}}(?:,\d{{4}})+{fraction}" if group == "," else r"(?!)"),
        re.IGNORECASE,
    )


NOTATIONS = {POINT: _notation(r"\.", ","), COMMA: _notation(",", r"\.")}


class InvalidNumber(ValueError):
    """The text is not a number, or the number is too large."""


class RoundedNumber(InvalidNumber):
    """A spreadsheet has rounded the number, so that its digits are lost."""


def parse(text: str, style: str = POINT) -> Decimal:
    """Return the exact number, rounded half to even to six places.

    More places come from computed cells, such as 2.5500000000000003. Raises
    InvalidNumber, and UnknownCurrency of `core.money`.
    """
    plain = SPACES.sub(" ", unicodedata.normalize("NFKC", text)).strip()
    # Case matters: programs write 1e+05 for exactly that number.
    if ROUNDED.search(plain):
        raise RoundedNumber(text)
    if not PLAIN.fullmatch(plain):
        _currency, plain = money.split(plain)
    digits, sign = _split_sign(plain)
    # 1.2万 is twelve thousand; exports of Chinese shops round large numbers this way.
    factor = UNITS.get(digits[-1:].lower(), 1)
    if factor > 1:
        digits = digits[:-1].rstrip()
    if not NOTATIONS[style].fullmatch(digits):
        raise InvalidNumber(text)
    if style == COMMA:
        digits = digits.translate({ord("."): None, ord(","): "."})
    digits = re.sub(r"[, '’_]", "", digits)
    try:
        # Raises InvalidOperation for numbers of more digits than the context holds.
        number = (sign * factor * Decimal(digits)).quantize(RESOLUTION)
    except InvalidOperation:
        raise InvalidNumber(text) from None
    if abs(number) >= MAX_NUMBER:
        raise InvalidNumber(text)
    return number + 0  # no negative zero


def _split_sign(text: str) -> tuple[str, int]:
    """Return the text without its sign; −5, (5) and 5- are all minus five."""
    text = text.replace("−", "-").replace("–", "-").strip()
    if text.startswith("(") and text.endswith(")"):
        return text[1:-1].strip(), -1
    if text.startswith(("-", "+")):
        return text[1:].strip(), -1 if text[0] == "-" else 1
    if text.endswith("-"):
        return text[:-1].strip(), -1
    return text, 1


# Evidence


def readings(text: str) -> dict[str, Decimal]:
    """Return the number that the text is in each style that it fits."""
    numbers = {}
    for style in STYLES:
        try:
            numbers[style] = parse(text, style)
        except (InvalidNumber, money.InvalidMoney):
            continue
    return numbers


def fitting_styles(texts: Iterable[str]) -> set[str]:
    """Return the styles that every number among the texts fits; other texts are no evidence."""
    styles = set(STYLES)
    for text in texts:
        fitting = readings(text)
        if fitting:
            styles &= set(fitting)
    return styles


def is_ambiguous(text: str) -> bool:
    """Return whether the text is another number in each style."""
    return len(set(readings(text).values())) > 1

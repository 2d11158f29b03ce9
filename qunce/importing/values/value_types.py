"""Guesses the type of a further column from its texts, and is cautious.

A text that is taken for a number or for yes and no loses what it was: the zero of
010020, the 10 of version 1.10, the F of a gender. So a column is text when in doubt.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from qunce.core import lunar_dates, money
from qunce.importing.values import dates, lists, numbers

TYPES = ("text", "number", "date", "instant", "bool", "choice", "multi", "lunar")
LUNAR_HEADING = re.compile(lunar_dates.NAME, re.IGNORECASE)
BOOL_PAIRS = (
    frozenset({"true", "false"}),
    frozenset({"yes", "no"}),
    frozenset({"是", "否"}),
    frozenset({"有", "无"}),
    frozenset({"√", "×"}),
    frozenset({"对", "错"}),
)
"""Words for yes and no; only a column that has both, and nothing else, is of type bool."""
IDENTIFIER_WORDS = frozenset(
    "id no nr num number code key sku zip qq model version ver build phone mobile tel fax"
    " room seat unit floor block size iban account passport license plate postcode"
    " zipcode".split()
)
IDENTIFIER_ENDING = re.compile(
    "(号|码|编码|代码|邮编|版本|版|型号|证|电话|手机|传真|房间|房|室|座|座位|席|桌|床|楼|栋|幢"
    "|单元|宿舍|寝室|教室|班级|班|卡|帐户|账户|车牌)$"
)
"""What columns with such headings hold is a name made of digits."""
INTEGER = re.compile(r"\d+")
PLAIN_NUMBER = re.compile(r"[^\d]{0,4}-?\d[\d,.' ]*(?:[万千亿][元]?|[^\d.,]{0,4})")
MAX_INTEGER_DIGITS = 7
"""Longer whole numbers are more often those of telephones and cards."""
MIN_CODE_DIGITS = 5
"""Whole numbers of one length, from this one on, are more often codes."""
MAX_PLACES = 4
"""Digits after the point that an attribute stores."""
MAX_DISTINCT_TEXTS = 500
MAX_CHOICES = 50
"""A column with at most so many different texts, each repeated, is a choice."""


PROGRAM_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,11})(?:\.[0-9]{1,6})?")
"""How programs write numbers, which needs no closer look."""


def _check_number(text: str) -> None:
    if PROGRAM_NUMBER.fullmatch(text):
        return
    plain = unicodedata.normalize("NFKC", text).strip()
    digits = re.sub(r"^[^\d.]+", "", plain)
    has_leading_zero = digits[:1] == "0" and digits[1:2].isdigit()
    is_plain = PLAIN_NUMBER.fullmatch(plain) and not plain.startswith("+")
    if not is_plain or has_leading_zero or not numbers.readings(text):
        raise ValueError(text)


def _check_calendar(parse: Callable[[str, str], Any], text: str) -> None:
    # A plain number might be a day number, but is much more likely to be an amount.
    if dates.NUMBER.fullmatch(text.strip()):
        raise ValueError(text)
    # Any order in which the text can be read will do, as that of its column is unknown.
    parse(text, next(iter(dates.readings(text)), ""))


CHECKS: dict[str, Callable[[str], None]] = {
    "number": _check_number,
    "date": functools.partial(_check_calendar, dates.to_date),
    "instant": functools.partial(_check_calendar, dates.parse),
}


def _is_lunar(text: str) -> bool:
    if not lunar_dates.is_marked(text):
        return False
    try:
        lunar_dates.parse(text)
    except lunar_dates.InvalidLunarDate:
        return False
    return True


def names_identifier(heading: str) -> bool:
    """Return whether the heading is that of a code, a room, a version and the like."""
    plain = re.sub(r"[(（].*?[)）]", "", unicodedata.normalize("NFKC", heading)).strip()
    words = re.findall("[a-z]+", re.sub("(?<=[a-z])(?=[A-Z])", " ", plain).lower())
    is_named = bool(words) and words[-1] in IDENTIFIER_WORDS
    return is_named or IDENTIFIER_ENDING.search(plain) is not None


@dataclass
class TypeEvidence:
    """What the texts of one column have in common."""

    types: set[str] = field(default_factory=lambda: set(CHECKS))
    filled: int = 0
    """Cells that are not empty."""
    distinct: dict[str, None] = field(default_factory=dict)
    """Different texts, up to a few more than MAX_DISTINCT_TEXTS."""
    integer_lengths: set[int] = field(default_factory=set)
    fractions: set[str] = field(default_factory=set)
    """Digits after the last point or comma, of numbers that have one."""
    currencies: set[str] = field(default_factory=set)

    def add(self, texts: list[str], filled: int) -> None:
        self.filled += filled
        # Bounded, as a column of free text could otherwise hold the whole file in
        # memory.
        if len(self.distinct) <= MAX_DISTINCT_TEXTS:
            self.distinct |= dict.fromkeys(texts[: MAX_DISTINCT_TEXTS + 1])
        for text in texts:
            if not self.types:
                break
            # Every text tests only the types that are still possible, which are soon one or
            # two.
            for name in list(self.types):
                try:
                    CHECKS[name](text)
                except (ValueError, ArithmeticError, money.InvalidMoney):
                    self.types.discard(name)
            if "number" in self.types:
                is_plain = PROGRAM_NUMBER.fullmatch(text)
                sign, digits = ("", text) if is_plain else money.split(text)
                self.currencies.add(sign)
                digits = digits.strip(" -")
                if INTEGER.fullmatch(digits):
                    self.integer_lengths.add(len(digits))
                elif "." in digits or "," in digits:
                    self.fractions.add(re.split("[.,]", digits)[-1])

    def guess(self, heading: str) -> str:
        """Return the type; text when in doubt."""
        if not self.filled:
            return "text"
        # 1990-08-15 below 农历生日 is no day of the common calendar, and 八月十五 has none.
        if LUNAR_HEADING.search(heading) or self._is_lunar():
            return "lunar"
        if self._is_number(heading):
            return "number"
        for name in ("date", "instant"):
            if name in self.types:
                return name
        if {text.strip().casefold() for text in self.distinct} in BOOL_PAIRS:
            return "bool"
        return self.guess_text()

    def guess_text(self) -> str:
        """Return which kind of text the column is."""
        evidence = lists.SeparatorEvidence(self.distinct)
        count = len(self.distinct)
        if count <= MAX_DISTINCT_TEXTS and evidence.looks_like_lists():
            return "multi"
        # Free text hardly repeats itself, choices do.
        is_repeated = count <= MAX_CHOICES and count * 2 <= self.filled
        return "choice" if self.distinct and is_repeated else "text"

    def _is_lunar(self) -> bool:
        if len(self.distinct) > MAX_DISTINCT_TEXTS:
            return False
        return all(map(_is_lunar, self.distinct))

    def _is_number(self, heading: str) -> bool:
        if "number" not in self.types or len(self.distinct) < 2:
            return False
        # 0 and 1 may be no and yes.
        if set(self.distinct) <= {"0", "1"} or len(self.currencies) > 1:
            return False
        lengths = self.integer_lengths
        is_long = max(lengths, default=0) > MAX_INTEGER_DIGITS
        if is_long or names_identifier(heading):
            return False
        is_code = not self.fractions and len(lengths) == 1
        if is_code and min(lengths) >= MIN_CODE_DIGITS:
            return False
        # 1.10 among 1.9 would lose its zero, but amounts have two places throughout, and
        # programs write 5.0 for five.
        widths = {len(fraction) for fraction in self.fractions}
        ends_with_zero = any(fraction.endswith("0") for fraction in self.fractions)
        if ends_with_zero and widths not in ({1}, {2}):
            return False
        # More places would be rounded, and the decimal sign has to be known.
        is_short = max(widths, default=0) <= MAX_PLACES
        has_sign = not widths or len(numbers.fitting_styles(self.distinct)) == 1
        return is_short and has_sign

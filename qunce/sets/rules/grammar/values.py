"""Values in a form: names, texts, numbers, comparisons, spans and dates."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from qunce.sets.rules import calendar_periods, phrasing
from qunce.sets.rules.grammar.forms import (
    Choice,
    Fields,
    Form,
    Part,
    Quotable,
    Slot,
    Unfit,
    literal_words,
)
from qunce.sets.rules.grammar.reader import CLOSE, OPEN, Found, Reader, fold
from qunce.sets.rules.phrasing import Names, Piece, Pieces

PLAIN_NAME = re.compile(r"[^\W_][\w.+&/·-]*(?: [\w.+&/·-]+)*")
PLAIN_TEXT = re.compile(r"[^\W\d_][\w-]*")
RESERVED = frozenset(
    "and or not of on in at by to for with the who everyone anyone except given has is"
    " was between from since before after out over under times each".split()
)
"""English words of templates that may stand next to a name."""


# Names and texts


def quote(text: str) -> str:
    return f"{OPEN}{text.replace(CLOSE, CLOSE * 2)}{CLOSE}"


def is_plain_name(name: str) -> bool:
    """Whether it can stand in a sentence without quotation marks."""
    if not PLAIN_NAME.fullmatch(name) or fold(name) == fold(_("none")):
        return False
    return not RESERVED & set(fold(name).split(" "))


@dataclass(frozen=True, eq=False)
class Name(Quotable):
    """The key of a thing of one kind, written by its name."""

    kind: str

    def write(self, value: Any, names: Names, about: Fields) -> Pieces:
        (piece,) = phrasing.name_of(self.kind, value, names)
        if piece.kind == "unknown" or is_plain_name(piece.text):
            return (piece,)
        return (Piece(quote(piece.text), piece.kind),)

    def write_quoted(self, value: Any, names: Names, about: Fields) -> Pieces:
        (piece,) = phrasing.name_of(self.kind, value, names)
        text = piece.text.replace(CLOSE, CLOSE * 2)
        return (Piece(OPEN), Piece(text, piece.kind), Piece(CLOSE))

    def scan(self, reader: Reader, at: int, about: Fields) -> Found:
        found, start = reader.names(self.kind, at), reader.skip_spaces(at)
        if reader.text.startswith(OPEN, start):
            return found
        # What is always written in quotation marks is read in them only.
        return [each for each in found if is_plain_name(reader.text[start : each[1]])]


@dataclass(frozen=True, eq=False)
class Text(Quotable):
    """A text of anybody's, which no list of names has."""

    def write(self, value: Any, names: Names, about: Fields) -> Pieces:
        return (Piece(self.shown(str(value)), "value"),)

    def write_quoted(self, value: Any, names: Names, about: Fields) -> Pieces:
        text = str(value).replace(CLOSE, CLOSE * 2)
        return (Piece(OPEN), Piece(text, "value"), Piece(CLOSE))

    def shown(self, value: str) -> str:
        is_plain = PLAIN_TEXT.fullmatch(value) and fold(value) not in _reserved(
            get_language()
        )
        return value if is_plain else quote(value)

    def scan(self, reader: Reader, at: int, about: Fields) -> Found:
        at = reader.skip_spaces(at)
        if reader.text.startswith(OPEN, at):
            return list(reader.quoted(at))
        match = PLAIN_TEXT.match(reader.text, at)
        if match is None or fold(match[0]) in _reserved(get_language()):
            return []
        return [(match[0], match.end())]


@functools.cache
def _reserved(language: str | None) -> frozenset[str]:
    """Words of the active language, which is `language`, that are values themselves."""
    words = [_("yes"), _("no"), _("none"), *map(_, calendar_periods.PERIODS.values())]
    return frozenset(fold(word) for word in words)


# Numbers


def canonical_number(value: Any) -> int | float | str:
    """A whole number, else a float that is exactly this number, else its digits."""
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise Unfit(value) from None
    if isinstance(value, bool) or not number.is_finite() or abs(number.adjusted()) > 60:
        raise Unfit(value)
    if number == number.to_integral_value():
        return int(number)
    as_float = float(number)
    return as_float if Decimal(repr(as_float)) == number else f"{number.normalize():f}"


MAX_DIGITS = 50
"""Longer numbers mean nothing."""


def scan_number(text: str, at: int) -> tuple[Decimal, int] | None:
    """Digits with thousands separators and a point, from `at`."""
    end = at + text.startswith(("-", "−"), at)
    start, digits = end, []
    while end < len(text):
        if text[end].isascii() and text[end].isdigit():
            digits.append(text[end])
            end += 1
        elif text[end] == "," and digits and _is_group(text, end + 1):
            end += 1
        else:
            break
    if not 0 < len(digits) <= MAX_DIGITS:
        return None
    fraction = end + 1
    while (
        fraction < len(text) and text[fraction].isascii() and text[fraction].isdigit()
    ):
        fraction += 1
    has_fraction = text.startswith(".", end) and fraction > end + 1
    written = "".join(digits) + (text[end:fraction] if has_fraction else "")
    sign = "-" if start > at else ""
    return Decimal(sign + written), fraction if has_fraction else end


def _is_group(text: str, at: int) -> bool:
    group = text[at : at + 3]
    after = text[at + 3 : at + 4]
    return (
        len(group) == 3 and group.isdigit() and group.isascii() and not after.isdigit()
    )


@dataclass(frozen=True, eq=False)
class Number(Part):
    """An exact number; `suffix` is written behind it, such as a percent sign."""

    suffix: str = ""
    is_whole: bool = False

    def write(self, value: Any, names: Names, about: Fields) -> Pieces:
        number = Decimal(str(canonical_number(value)))
        return (Piece(f"{number:,f}{self.suffix}", "value"),)

    def scan(self, reader: Reader, at: int, about: Fields) -> Found:
        found = scan_number(reader.text, reader.skip_spaces(at))
        if found is None or not reader.text.startswith(self.suffix, found[1]):
            return []
        number = canonical_number(found[0])
        if self.is_whole and not isinstance(number, int):
            return []
        return [(number, found[1] + len(self.suffix))]

    def canonical(self, value: Any, about: Fields) -> Any:
        return canonical_number(value)


@dataclass(frozen=True, eq=False)
class Comparison(Part):
    """`{"gte": 2}` as “at least 2”; several bounds are joined by commas."""

    number: Part

    @property
    def depends_on(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.number.depends_on

    def write(self, value: Any, names: Names, about: Fields) -> Pieces:
        if not isinstance(value, dict) or not value:
            raise Unfit(value)
        return phrasing.comparison(
            value, lambda bound: self.number.write(bound, names, about)
        )

    def scan(self, reader: Reader, at: int, about: Fields) -> Found:
        found: Found = []
        separator = literal_words(_(", "))
        states: Found = [({}, at)]
        while states:
            longer: Found = []
            for bounds, start in states:
                begin = reader.literal(separator, start) if bounds else start
                if begin >= 0:
                    longer += [
                        ({**bounds, **bound}, end)
                        for bound, end in self._one.read(reader, begin, about)
                        if not bounds.keys() & bound.keys()
                    ]
            reader.spend(len(longer))
            found += longer
            states = longer
        return found[::-1]

    @functools.cached_property
    def _one(self) -> Part:
        single = [
            Form(template, {"n": Slot(self.number, sign)})
            for sign, template in phrasing.COMPARISONS.items()
        ]
        between = Form(
            "%(least)s to %(most)s",
            {"least": Slot(self.number, "gte"), "most": Slot(self.number, "lte")},
        )
        return Choice([between, *single], self.depends_on)

    def canonical(self, value: Any, about: Fields) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Unfit(value)
        return {
            sign: self.number.canonical(bound, about) for sign, bound in value.items()
        }


@dataclass(frozen=True, eq=False)
class Share(Number):
    """A percentage as a text in a rule, such as `12.5%`."""

    suffix: str = "%"

    def write(self, value: Any, names: Names, about: Fields) -> Pieces:
        return super().write(self._number(value), names, about)

    def scan(self, reader: Reader, at: int, about: Fields) -> Found:
        return [(f"{value}%", end) for value, end in super().scan(reader, at, about)]

    def canonical(self, value: Any, about: Fields) -> str:
        return f"{canonical_number(self._number(value))}%"

    @staticmethod
    def _number(value: Any) -> str:
        if not isinstance(value, str) or not value.endswith("%"):
            raise Unfit(value)
        return value[:-1]


NUMBER = Number()
WHOLE = Number(is_whole=True)
PERCENT = Number(suffix="%")
COUNT = Comparison(WHOLE)
AMOUNT = Comparison(NUMBER)


@dataclass(frozen=True, eq=False)
class Word(Part):
    """One of several words, each of which stands for a value."""

    words: Mapping[Any, str]

    def write(self, value: Any, names: Names, about: Fields) -> Pieces:
        if value not in self.words:
            raise Unfit(value)
        return phrasing.value(_(str(self.words[value])))

    def scan(self, reader: Reader, at: int, about: Fields) -> Found:
        ends = (
            (value, reader.literal(literal_words(_(str(word))), at))
            for value, word in self.words.items()
        )
        return [(value, end) for value, end in ends if end >= 0]

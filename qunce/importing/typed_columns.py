"""Columns of text turned into columns of values, and what did not turn.

The usual writing is read by Arrow at once; everything else once for each different
text, with `moments` and `numbers`.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from qunce.core import community_days, errors, timestamps
from qunce.importing import dates, numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

AMOUNT = pa.decimal128(18, 6)
MAX_TEXT_LENGTH = 10_000
ISO = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?$"
ISO_OFFSET = (
    r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})$"
)
TRUE = frozenset("true yes y t 是 有 对 √ on".split())
FALSE = frozenset("false no n f 否 无 错 × off".split())
DAY = 86_400_000_000
NO = pa.scalar(value=False)


@dataclass(frozen=True)
class Column:
    """`values` as long as the texts, null where empty or bad; `bad` place → remedy."""

    values: pa.Array
    bad: dict[int, str] = field(default_factory=dict)


def parse_instants(texts: pa.Array, zone: ZoneInfo, order: str) -> Column:
    """int64 microseconds since 1970 UTC."""
    for shape, of in (
        (ISO, pa.timestamp("us")),
        (ISO_OFFSET, pa.timestamp("us", "UTC")),
    ):
        if pc.all(pc.match_substring_regex(texts, shape), min_count=0).as_py():
            try:
                micros = pc.cast(pc.cast(texts, of), pa.int64())
            except pa.ArrowInvalid:
                break  # the thirtieth of February
            return Column(_to_utc(micros, zone) if of.tz is None else micros)
    remedy = _("This is not a date and time; write it like 2026-03-05 09:07.")
    read = functools.partial(dates.to_micros, zone=zone, order=order)
    return _each(texts, read, pa.int64(), remedy)


def _to_utc(local: pa.Array, zone: ZoneInfo) -> pa.Array:
    """What the zone's clock showed → UTC, by days as nearly every day has one offset."""
    shown = np.asarray(pc.fill_null(local, 0))
    day, place = np.unique(np.floor_divide(shown, DAY), return_inverse=True)
    shifts = np.array([_shift_of_day(int(one), zone) for one in day], dtype=np.int64)
    utc = shown - shifts[place]
    odd = np.flatnonzero(shifts[place] == MIXED)
    for one in odd.tolist():
        utc[one] = shown[one] - _shift(int(shown[one]), zone)
    return pa.array(utc, mask=np.asarray(pc.is_null(local)))


MIXED = np.iinfo(np.int64).min // 4


@functools.lru_cache(maxsize=20_000)
def _shift_of_day(day: int, zone: ZoneInfo) -> int:
    begin, end = _shift(day * DAY, zone), _shift((day + 1) * DAY - 1, zone)
    return begin if begin == end else MIXED


def _shift(shown: int, zone: ZoneInfo) -> int:
    naive = timestamps.from_micros(shown).replace(tzinfo=None)
    return shown - timestamps.to_micros(naive.replace(tzinfo=zone))


def parse_dates(texts: pa.Array, order: str) -> Column:
    """int64 days since 1970."""
    remedy = _("This is not a date; write it like 2026-03-05.")

    def read(text: str) -> int:
        return community_days.from_date(dates.to_date(text, order))

    return _each(texts, read, pa.int64(), remedy)


def parse_amounts(texts: pa.Array, style: str) -> Column:
    """Decimals with six places."""
    remedy = _("This is not a number; write it like 1234.50.")
    if style == numbers.POINT:
        try:
            plain = pc.all(pc.match_substring_regex(texts, r"^-?\d{1,12}(\.\d{1,6})?$"))
            if plain.as_py():
                return Column(pc.cast(texts, AMOUNT))
        except pa.ArrowInvalid:
            pass
    read = functools.partial(numbers.parse, style=style)
    return _each(texts, read, AMOUNT, remedy)


def parse_texts(texts: pa.Array, longest: int = MAX_TEXT_LENGTH) -> Column:
    """Trimmed; too long ones and those with a zero byte are refused."""
    trimmed = pc.utf8_trim_whitespace(texts)
    trimmed = pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)
    strange = pc.or_(
        pc.greater(pc.utf8_length(trimmed), longest),
        pc.match_substring(trimmed, "\0"),
    )
    bad = _places(pc.fill_null(strange, NO))
    if not len(bad):
        return Column(trimmed)
    remedy = _("Use at most %(most)d characters and no control characters.") % {
        "most": longest
    }
    kept = pc.if_else(strange, pa.scalar(None, pa.string()), trimmed)
    return Column(kept, dict.fromkeys(bad.tolist(), remedy))


def parse_keys(texts: pa.Array) -> Column:
    """Keys: `17850.0`, which spreadsheets make of 17850, is 17850."""
    column = parse_texts(texts, 200)
    whole = pc.replace_substring_regex(column.values, r"^(\d+)\.0+$", r"\1")
    return Column(whole, column.bad)


def parse_bools(texts: pa.Array) -> Column:
    remedy = _("This is neither yes nor no; write true or false.")
    return _each(texts, parse_bool, pa.bool_(), remedy)


def parse_bool(text: str) -> bool:
    word = text.strip().casefold()
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise ValueError(text)


def split_list(text: str | None) -> list[str]:
    """`a;b；c` and `["a", "b"]` alike, without blanks and repetitions."""
    if not text:
        return []
    parts: list[str] = []
    if text.startswith("["):
        try:
            parts = [str(part) for part in json.loads(text)]
        except ValueError:
            parts = []
    parts = parts or text.replace("；", ";").split(";")
    return list(dict.fromkeys(part.strip() for part in parts if part.strip()))


def normalise(read: Callable[[str], str], column: Column) -> Column:
    """A column's texts in their one spelling; each different text is read once."""
    encoded = pc.dictionary_encode(column.values)
    found: list[str | None] = []
    wrong: dict[int, str] = {}
    for code, text in enumerate(encoded.dictionary.to_pylist()):
        try:
            found.append(read(text))
        except errors.Invalid as error:
            found.append(None)
            wrong[code] = str(error)
    spelled = pc.take(pa.array(found, pa.string()), encoded.indices)
    codes = np.asarray(pc.fill_null(encoded.indices, -1))
    bad = np.flatnonzero(np.isin(codes, list(wrong))).tolist() if wrong else []
    remedies = {place: wrong[int(codes[place])] for place in bad}
    return Column(spelled, remedies | column.bad)


def looks_like_list(text: str) -> bool:
    return ";" in text or "；" in text or text.startswith("[")


def _each(
    texts: pa.Array, read: Callable[[str], Any], of: pa.DataType, remedy: str
) -> Column:
    """Read each different text once."""
    encoded = pc.dictionary_encode(texts)
    found: list[Any] = []
    wrong: list[int] = []
    for place, text in enumerate(encoded.dictionary.to_pylist()):
        try:
            found.append(read(text) if text.strip() else None)
        except (ValueError, ArithmeticError):
            found.append(None)
            wrong.append(place)
    values = pc.take(pa.array(found, of), encoded.indices)
    if not wrong:
        return Column(values)
    codes = pa.array(wrong, encoded.indices.type)
    bad = _places(pc.fill_null(pc.is_in(encoded.indices, value_set=codes), NO))
    return Column(values, dict.fromkeys(bad.tolist(), remedy))


def _places(flags: pa.Array) -> NDArray[np.int64]:
    return np.flatnonzero(np.asarray(flags))


# Types of columns nobody named


TYPE_PARSERS: dict[str, Callable[[str], Any]] = {
    "bool": parse_bool,
    "number": lambda text: _plain_number(text),
    "date": lambda text: _date(text),
    "instant": lambda text: _instant(text),
}
"""In the order in which they are tried; what fits none is text."""


def filter_types(texts: list[str], kinds: set[str]) -> set[str]:
    """Those of `kinds` that every text fits."""
    for text in texts:
        for kind in list(kinds):
            try:
                TYPE_PARSERS[kind](text)
            except (ValueError, ArithmeticError):
                kinds.discard(kind)
        if not kinds:
            break
    return kinds


def _plain_number(text: str) -> Decimal:
    """007 and sixteen digits are names of something, not amounts of it."""
    bare = text.strip().lstrip("+-")
    if (bare[:1] == "0" and bare[1:2].isdigit()) or len(bare.split(".")[0]) > 12:
        raise ValueError(text)
    return numbers.parse(text)


def _date(text: str) -> date:
    if dates.NUMBER.fullmatch(text.strip()):
        raise ValueError(text)
    return dates.to_date(text, _likely(text))


def _instant(text: str) -> object:
    if dates.NUMBER.fullmatch(text.strip()):
        raise ValueError(text)
    return dates.parse(text, _likely(text))


def _likely(text: str) -> str:
    """An order in which this text can be read, as its column's is not known yet."""
    return next(iter(sorted(dates.possible_orders([text]))), "")

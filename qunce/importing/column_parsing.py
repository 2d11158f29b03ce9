"""Parses columns of text into columns of values, and reports the cells that fail.

Arrow parses columns in the usual notation. In others, each different text is parsed
once, with `dates` and `numbers`.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from qunce.core import community_days, errors, timestamps
from qunce.importing import dates, numbers

if TYPE_CHECKING:
    from decimal import Decimal

    from numpy.typing import NDArray

AMOUNT = pa.decimal128(18, 6)
MAX_TEXT_LENGTH = 10_000
MAX_KEY_LENGTH = 200
ISO = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?$"
ISO_OFFSET = (
    r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})$"
)
TRUE = frozenset("true yes y t 是 有 对 √ on".split())
FALSE = frozenset("false no n f 否 无 错 × off".split())
MICROS_PER_DAY = 86_400_000_000
NULL_TEXT = pa.scalar(None, pa.string())
FALSE_SCALAR = pa.scalar(value=False)


@dataclass(frozen=True)
class Column:
    """`values` are null where the text is empty or in `errors`, by index."""

    values: pa.Array
    errors: dict[int, str] = field(default_factory=dict)


def parse_instants(texts: pa.Array, zone: ZoneInfo, order: str) -> Column:
    """Return microseconds since 1970 UTC as int64."""
    for pattern, arrow_type in (
        (ISO, pa.timestamp("us")),
        (ISO_OFFSET, pa.timestamp("us", "UTC")),
    ):
        # The usual notation never becomes Python objects; other notations do, text by
        # text.
        if pc.all(pc.match_substring_regex(texts, pattern), min_count=0).as_py():
            try:
                micros = pc.cast(pc.cast(texts, arrow_type), pa.int64())
            except pa.ArrowInvalid:
                break  # a date such as the thirtieth of February
            return Column(micros if arrow_type.tz else _to_utc(micros, zone))
    remedy = _("This is not a date and time; write it like 2026-03-05 09:07.")
    parse = functools.partial(dates.to_micros, zone=zone, order=order)
    return _parse_distinct(texts, parse, pa.int64(), remedy)


def _to_utc(local: pa.Array, zone: ZoneInfo) -> pa.Array:
    # By days, as nearly every day has one offset only.
    micros = np.asarray(pc.fill_null(local, 0))
    days, day_index = np.unique(
        np.floor_divide(micros, MICROS_PER_DAY), return_inverse=True
    )
    offsets = np.array([_day_offset(int(day), zone) for day in days], dtype=np.int64)
    utc = micros - offsets[day_index]
    # Two days a year at most, so a slow path is enough.
    for index in np.flatnonzero(offsets[day_index] == SEVERAL_OFFSETS).tolist():
        utc[index] = micros[index] - _offset(int(micros[index]), zone)
    return pa.array(utc, mask=np.asarray(pc.is_null(local)))


SEVERAL_OFFSETS = np.iinfo(np.int64).min // 4


@functools.lru_cache(maxsize=20_000)
def _day_offset(day: int, zone: ZoneInfo) -> int:
    start = _offset(day * MICROS_PER_DAY, zone)
    end = _offset((day + 1) * MICROS_PER_DAY - 1, zone)
    return start if start == end else SEVERAL_OFFSETS


def _offset(local: int, zone: ZoneInfo) -> int:
    naive = timestamps.from_micros(local).replace(tzinfo=None)
    return local - timestamps.to_micros(naive.replace(tzinfo=zone))


def parse_dates(texts: pa.Array, order: str) -> Column:
    """Return days since 1970 as int64."""
    remedy = _("This is not a date; write it like 2026-03-05.")

    def parse(text: str) -> int:
        return community_days.from_date(dates.to_date(text, order))

    return _parse_distinct(texts, parse, pa.int64(), remedy)


def parse_amounts(texts: pa.Array, style: str) -> Column:
    """Return decimals with six places."""
    remedy = _("This is not a number; write it like 1234.50.")
    if style == numbers.POINT:
        try:
            # Only the plain notation, as Arrow's cast would read others in its own way.
            plain = pc.all(pc.match_substring_regex(texts, r"^-?\d{1,12}(\.\d{1,6})?$"))
            if plain.as_py():
                return Column(pc.cast(texts, AMOUNT))
        except pa.ArrowInvalid:
            # More than eighteen digits; the slow path reports which cell it is.
            pass
    parse = functools.partial(numbers.parse, style=style)
    return _parse_distinct(texts, parse, AMOUNT, remedy)


def parse_texts(texts: pa.Array, max_length: int = MAX_TEXT_LENGTH) -> Column:
    """Return the texts stripped; too long ones and those with null bytes are errors."""
    stripped = pc.utf8_trim_whitespace(texts)
    stripped = pc.if_else(pc.equal(stripped, ""), NULL_TEXT, stripped)
    # Null bytes are refused here, as PostgreSQL cannot store them and the error would
    # name no row.
    invalid = pc.or_(
        pc.greater(pc.utf8_length(stripped), max_length),
        pc.match_substring(stripped, "\0"),
    )
    indexes = _true_indexes(pc.fill_null(invalid, FALSE_SCALAR))
    if not len(indexes):
        return Column(stripped)
    remedy = _("Use at most %(most)d characters and no control characters.") % {
        "most": max_length
    }
    values = pc.if_else(invalid, NULL_TEXT, stripped)
    return Column(values, dict.fromkeys(indexes.tolist(), remedy))


def parse_keys(texts: pa.Array) -> Column:
    """Return keys; `17850.0`, which spreadsheets make of 17850, becomes 17850."""
    column = parse_texts(texts, MAX_KEY_LENGTH)
    # Programs that read keys as numbers write them so. The same member would have two
    # keys.
    values = pc.replace_substring_regex(column.values, r"^(\d+)\.0+$", r"\1")
    return Column(values, column.errors)


def parse_bools(texts: pa.Array) -> Column:
    remedy = _("This is neither yes nor no; write true or false.")
    return _parse_distinct(texts, parse_bool, pa.bool_(), remedy)


def parse_bool(text: str) -> bool:
    word = text.strip().casefold()
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise ValueError(text)


def split_list(text: str | None) -> list[str]:
    """Return the distinct entries of `a;b；c` or `["a", "b"]`, without empty ones."""
    if not text:
        return []
    entries: list[str] = []
    if text.startswith("["):
        try:
            # Some programs export lists as JSON.
            entries = [str(entry) for entry in json.loads(text)]
        except ValueError:
            entries = []
    entries = entries or text.replace("；", ";").split(";")
    return list(dict.fromkeys(entry.strip() for entry in entries if entry.strip()))


def looks_like_list(text: str) -> bool:
    return ";" in text or "；" in text or text.startswith("[")


def normalise(function: Callable[[str], str], column: Column) -> Column:
    """Apply a function to each different text; what it raises becomes the remedy."""
    # Columns of tags and phone types repeat few texts, so most calls are saved.
    encoded = pc.dictionary_encode(column.values)
    normalised: list[str | None] = []
    remedies: dict[int, str] = {}
    for code, text in enumerate(encoded.dictionary.to_pylist()):
        try:
            normalised.append(function(text))
        except errors.Invalid as error:
            normalised.append(None)
            remedies[code] = str(error)
    values = pc.take(pa.array(normalised, pa.string()), encoded.indices)
    if not remedies:
        return Column(values, column.errors)
    codes = np.asarray(pc.fill_null(encoded.indices, -1))
    invalid = np.flatnonzero(np.isin(codes, list(remedies))).tolist()
    new_errors = {index: remedies[int(codes[index])] for index in invalid}
    return Column(values, new_errors | column.errors)


def _parse_distinct(
    texts: pa.Array, parse: Callable[[str], Any], value_type: pa.DataType, remedy: str
) -> Column:
    """Parse each different text once."""
    encoded = pc.dictionary_encode(texts)
    parsed: list[Any] = []
    invalid: list[int] = []
    for code, text in enumerate(encoded.dictionary.to_pylist()):
        try:
            parsed.append(parse(text) if text.strip() else None)
        except (ValueError, ArithmeticError):
            parsed.append(None)
            invalid.append(code)
    values = pc.take(pa.array(parsed, value_type), encoded.indices)
    if not invalid:
        return Column(values)
    codes = pa.array(invalid, encoded.indices.type)
    is_invalid = pc.fill_null(pc.is_in(encoded.indices, value_set=codes), FALSE_SCALAR)
    return Column(values, dict.fromkeys(_true_indexes(is_invalid).tolist(), remedy))


def _true_indexes(flags: pa.Array) -> NDArray[np.int64]:
    return np.flatnonzero(np.asarray(flags))


# Types of further columns, which no target declares


def _parse_plain_number(text: str) -> Decimal:
    # 007 and numbers of sixteen digits are identifiers, not amounts.
    digits = text.strip().lstrip("+-")
    has_leading_zero = digits[:1] == "0" and digits[1:2].isdigit()
    if has_leading_zero or len(digits.split(".")[0]) > 12:
        raise ValueError(text)
    return numbers.parse(text)


def _parse_calendar(parse: Callable[[str, str], Any], text: str) -> object:
    # A plain number might be a day number, but is much more likely to be an amount.
    if dates.NUMBER.fullmatch(text.strip()):
        raise ValueError(text)
    # Any order in which the text can be read will do, as that of its column is unknown.
    return parse(text, next(iter(sorted(dates.possible_orders([text]))), ""))


TYPE_PARSERS: dict[str, Callable[[str], Any]] = {
    "bool": parse_bool,
    "number": _parse_plain_number,
    "date": functools.partial(_parse_calendar, dates.to_date),
    "instant": functools.partial(_parse_calendar, dates.parse),
}
"""In the order in which they are tried; a column that fits none is text."""


def filter_types(texts: list[str], types: set[str]) -> set[str]:
    """Return those of `types` that every text fits."""
    fitting = set(types)
    for text in texts:
        # Every text tests only the types that are still possible, which are soon one or
        # two.
        for name in list(fitting):
            try:
                TYPE_PARSERS[name](text)
            except (ValueError, ArithmeticError):
                fitting.discard(name)
        if not fitting:
            break
    return fitting

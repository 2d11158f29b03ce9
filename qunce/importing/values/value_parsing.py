"""Parses columns of text into columns of values, and reports the cells that fail.

Arrow parses columns in the usual notation. In others, each different text is parsed
once, with `dates` and `numbers`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import (
    community_days,
    csv_safety,
    errors,
    lunar_dates,
    timestamps,
)
from qunce.importing.values import dates, list_columns, lists, numbers

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

AMOUNT = pa.decimal128(18, 6)
MAX_TEXT_LENGTH = 10_000
ISO = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?$"
ISO_OFFSET = (
    r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})$"
)
TRUE = frozenset("true yes y t 是 有 对 √ on 1".split())
FALSE = frozenset("false no n f 否 无 错 × off 0".split())
MICROS_PER_DAY = 86_400_000_000
SEVERAL_OFFSETS = np.iinfo(np.int64).min // 4
"""Of a day on which clocks change."""
PLAIN_NUMBER = r"^-?\d{1,12}(\.\d{1,6})?$"
LEADING_ZERO = r"^\s*[-+]?0\d"
NULL_TEXT = pa.scalar(None, pa.string())
FALSE_SCALAR = pa.scalar(value=False)
REMEDIES: dict[type[Exception], Any] = {
    numbers.RoundedNumber: gettext_lazy(
        "A spreadsheet has rounded this number. Store the column as text and export it "
        "again."
    ),
    dates.LunarDay: gettext_lazy(
        "This is a day of the lunar calendar. Put it into a column of its own, such as"
        " 农历生日."
    ),
    dates.UnclearHour: gettext_lazy(
        "It is not clear which hour this is. Write it with 24 hours, like 00:05."
    ),
}


@dataclass(frozen=True)
class Column:
    """`values` are null where the text is empty or in `errors`, by index."""

    values: pa.Array
    errors: dict[int, str] = field(default_factory=dict)

    def take(self, codes: pa.Array) -> Column:
        """Return the rows whose texts have these codes here, as a dictionary has them."""
        values = pc.take(self.values, codes)
        if not self.errors:
            return Column(values)
        indexes = np.asarray(pc.fill_null(codes, -1))
        invalid = np.flatnonzero(np.isin(indexes, list(self.errors))).tolist()
        return Column(values, {row: self.errors[int(indexes[row])] for row in invalid})


def parse_instants(
    texts: pa.Array, zone: ZoneInfo, order: str, latest: date | None = None
) -> Column:
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
    parse = functools.partial(dates.to_micros, zone=zone, order=order, latest=latest)
    return _parse_distinct(texts, parse, pa.int64(), remedy)


def _to_utc(local: pa.Array, zone: ZoneInfo) -> pa.Array:
    # By days, as nearly every day has one offset only.
    micros = np.asarray(pc.fill_null(local, 0))
    days, day_index = np.unique(
        np.floor_divide(micros, MICROS_PER_DAY), return_inverse=True
    )
    offset_of_day = []
    for day in days.tolist():
        start = _offset(day * MICROS_PER_DAY, zone)
        end = _offset((day + 1) * MICROS_PER_DAY - 1, zone)
        offset_of_day.append(start if start == end else SEVERAL_OFFSETS)
    offsets = np.array(offset_of_day, dtype=np.int64)[day_index]
    utc = micros - offsets
    # Two days a year at most, so a slow path is enough.
    for index in np.flatnonzero(offsets == SEVERAL_OFFSETS).tolist():
        utc[index] = micros[index] - _offset(int(micros[index]), zone)
    return pa.array(utc, mask=np.asarray(pc.is_null(local)))


@functools.lru_cache(maxsize=40_000)
def _offset(local: int, zone: ZoneInfo) -> int:
    naive = timestamps.from_micros(local).replace(tzinfo=None)
    return local - timestamps.to_micros(naive.replace(tzinfo=zone))


def parse_dates(texts: pa.Array, order: str, latest: date | None = None) -> Column:
    """Return days since 1970 as int64."""
    remedy = _("This is not a date; write it like 2026-03-05.")

    def parse(text: str) -> int:
        if lunar_dates.is_marked(text):
            raise dates.LunarDay(text)
        return community_days.from_date(dates.to_date(text, order, latest))

    return _parse_distinct(texts, parse, pa.int64(), remedy)


def parse_lunar_dates(texts: pa.Array) -> Column:
    """Return days of the lunar calendar as they are stored."""

    def parse(text: str) -> str:
        return str(lunar_dates.parse(text))

    return _parse_distinct(texts, parse, pa.string(), "")


def parse_amounts(
    texts: pa.Array, style: str, is_number: pa.Array | None = None
) -> Column:
    """Return decimals with six places.

    `is_number` are the cells that hold a number, which always has a decimal point.
    """
    remedy = _("This is not a number; write it like 1234.50.")
    if style == numbers.POINT:
        try:
            # Only the plain notation, as Arrow's cast would read others in its own way.
            plain = pc.all(pc.match_substring_regex(texts, PLAIN_NUMBER), min_count=0)
            if plain.as_py():
                return Column(pc.cast(texts, AMOUNT))
        except pa.ArrowInvalid:
            # More than eighteen digits; the slow path reports which cell it is.
            pass
    parse = functools.partial(numbers.parse, style=style)
    if style == numbers.POINT or is_number is None:
        return _parse_distinct(texts, parse, AMOUNT, remedy)
    parts = (
        _parse_distinct(
            pc.if_else(is_number, texts, NULL_TEXT), numbers.parse, AMOUNT, remedy
        ),
        _parse_distinct(pc.if_else(is_number, NULL_TEXT, texts), parse, AMOUNT, remedy),
    )
    values = pc.coalesce(parts[0].values, parts[1].values)
    return Column(values, parts[0].errors | parts[1].errors)


def parse_plain_numbers(
    texts: pa.Array, style: str, is_number: pa.Array | None = None
) -> Column:
    """Return decimals; a number with leading zeros is a code and becomes an error."""
    column = parse_amounts(texts, style, is_number)
    is_code = pc.fill_null(pc.match_substring_regex(texts, LEADING_ZERO), FALSE_SCALAR)
    indexes = _true_indexes(is_code).tolist()
    if not indexes:
        return column
    remedy = _(
        "Numbers have no leading zeros. If this is a code, make the type of the column "
        "text; if it is a number, remove the zeros."
    )
    values = pc.if_else(is_code, pa.scalar(None, AMOUNT), column.values)
    return Column(values, column.errors | dict.fromkeys(indexes, remedy))


def refuse_future(column: Column, latest: int) -> Column:
    """Make later values errors; what a file records has happened already."""
    is_late = pc.fill_null(pc.greater(column.values, latest), FALSE_SCALAR)
    indexes = _true_indexes(is_late).tolist()
    if not indexes:
        return column
    remedy = _("This is in the future. Check the year, or leave the cell empty.")
    values = pc.if_else(is_late, pa.scalar(None, column.values.type), column.values)
    return Column(values, column.errors | dict.fromkeys(indexes, remedy))


def parse_lists(texts: pa.Array, separator: str, max_length: int) -> Column:
    """Return the entries of each cell as `lists.join` writes them."""
    column = parse_texts(texts, max_length)
    usual = list_columns.parse(column.values, separator)
    if usual is not None:
        return Column(usual, column.errors)

    def parse(text: str) -> str | None:
        return lists.join(lists.split(text, separator)) or None

    parsed = _parse_distinct(column.values, parse, pa.string(), "")
    return Column(parsed.values, column.errors)


def parse_texts(texts: pa.Array, max_length: int = MAX_TEXT_LENGTH) -> Column:
    """Return the texts stripped; too long ones and those with null bytes are errors."""
    stripped = pc.utf8_trim_whitespace(texts)
    # An export quotes what a spreadsheet would run as a formula.
    stripped = pc.replace_substring_regex(
        stripped, csv_safety.QUOTED_FORMULA, r"\1", max_replacements=1
    )
    stripped = pc.replace_substring_regex(
        stripped, csv_safety.QUOTED_PARTED_FORMULA, r"\1\2"
    )
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


def normalise(function: Callable[[str], str | None], column: Column) -> Column:
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
    found = Column(pa.array(normalised, pa.string()), remedies).take(encoded.indices)
    return Column(found.values, found.errors | column.errors)


def _parse_distinct(
    texts: pa.Array, parse: Callable[[str], Any], value_type: pa.DataType, remedy: str
) -> Column:
    """Parse each different text once."""
    encoded = pc.dictionary_encode(texts)
    parsed: list[Any] = []
    remedies: dict[int, str] = {}
    for code, text in enumerate(encoded.dictionary.to_pylist()):
        try:
            parsed.append(parse(text) if text.strip() else None)
        except (ValueError, ArithmeticError, errors.Invalid) as error:
            parsed.append(None)
            is_own = isinstance(error, errors.Invalid)
            remedies[code] = str(error if is_own else REMEDIES.get(type(error), remedy))
    return Column(pa.array(parsed, value_type), remedies).take(encoded.indices)


def _true_indexes(flags: pa.Array) -> NDArray[np.int64]:
    return np.flatnonzero(np.asarray(flags))

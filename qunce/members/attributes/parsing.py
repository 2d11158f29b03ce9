"""Values of attributes: parsed from text, stored as a number or text, and formatted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from qunce.core import (
    community_days,
    decimals,
    errors,
    lunar_dates,
    text_validation,
    timestamps,
)

DECIMAL_PLACES = 4
SCALE = 10**DECIMAL_PLACES
MAX_NUMBER = 2**62
YES = frozenset("true yes y t 是 对 有 √ ✓".split())
NO = frozenset("false no n f 否 不是 无 没有 × ✗".split())

DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
TIMESTAMP = re.compile(
    DATE.pattern + r"[T ]\s*(\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,6})?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?"
)
NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?:[,，]\d{3})+|\d+)(?:\.\d+)?")
LIST_SEPARATOR = re.compile("[;；]")

StoredValue = tuple[int | None, str | None]
"""`number` and `text` of a row, one of which is None."""
InputValue = str | int | float | bool | Decimal | date | datetime | Sequence[str]


class InvalidValue(errors.Invalid):
    """The value does not fit the type of its attribute."""


# Parsing


def parse(kind: str, value: InputValue, zone: ZoneInfo) -> list[StoredValue]:
    """The rows to store for a value: one per text for `multi`, else one.

    `kind` is an attribute type; raises InvalidValue.
    """
    if kind == "multi":
        parts = LIST_SEPARATOR.split(value) if isinstance(value, str) else value
        if not isinstance(parts, Iterable):
            raise InvalidValue(_("“%(v)s” is not a list of texts.") % {"v": value})
        return [(None, text) for text in sorted({parse_text(part) for part in parts})]
    if kind == "lunar":
        return [(None, parse_lunar(value))]
    if kind in ("text", "choice"):
        return [(None, parse_text(value))]
    if kind == "instant":
        return [(timestamps.to_micros(parse_timestamp(value, zone)), None)]
    return [(NUMBER_PARSERS[kind](value), None)]


def parse_text(value: object) -> str:
    text = str(value).strip()
    if not text_validation.is_valid(text):
        raise InvalidValue(_("This contains characters that cannot be stored."))
    return text


def parse_lunar(value: InputValue) -> str:
    """A day of the lunar calendar, with or without its year, as `1990-08-15`."""
    try:
        return str(lunar_dates.parse(parse_text(value)))
    except lunar_dates.InvalidLunarDate as error:
        raise InvalidValue(str(error)) from None


def parse_number(value: InputValue) -> int:
    """The decimal times 10⁴. More than four decimal places are refused, not rounded."""
    text = str(value).strip()
    # 1,5 is no fifteen: commas separate groups of three digits.
    if re.search("[,，_]", text) and not NUMBER.fullmatch(text):
        raise InvalidValue(_("“%(v)s” is not a number.") % {"v": value})
    text = text.replace(",", "").replace("，", "")
    try:
        # Decimal, because 0.1 as a binary fraction would have more than four places.
        exact = decimals.parse(text) * SCALE
        whole = int(exact)
    except decimals.NotADecimal:
        raise InvalidValue(_("“%(v)s” is not a number.") % {"v": value}) from None
    if isinstance(value, bool) or abs(whole) > MAX_NUMBER:
        raise InvalidValue(_("“%(v)s” is not a number.") % {"v": value})
    if whole != exact:
        raise InvalidValue(
            _("“%(v)s” has more than %(n)s decimal places.")
            % {"v": value, "n": DECIMAL_PLACES}
        )
    return whole


def parse_bool(value: InputValue) -> int:
    """1 or 0."""
    if isinstance(value, bool):
        return int(value)
    text = str(value).strip().lower()
    if text in YES or text == "1":
        return 1
    if text in NO or text == "0":
        return 0
    raise InvalidValue(_("“%(v)s” is neither yes nor no.") % {"v": value})


def parse_date(value: InputValue) -> int:
    """A calendar date as days since 1970."""
    if isinstance(value, datetime):
        return community_days.from_date(value.date())
    if isinstance(value, date):
        return community_days.from_date(value)
    match = DATE.fullmatch(str(value).strip())
    try:
        if match:
            return community_days.from_date(
                date(*(int(part) for part in match.groups()))
            )
    except ValueError:
        pass
    raise InvalidValue(
        _("“%(v)s” is not a date; write it like 2026-03-05.") % {"v": value}
    )


def parse_timestamp(value: InputValue, zone: ZoneInfo) -> datetime:
    """A date and time, in `zone` unless it has an offset."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=zone)
    text = str(value).strip()
    match = TIMESTAMP.fullmatch(text)
    try:
        if match:
            return _to_datetime(match, zone)
        day = community_days.to_date(parse_date(text))
        return datetime.combine(day, time(), tzinfo=zone)
    except (ValueError, InvalidValue):
        raise InvalidValue(
            _("“%(v)s” is not a date and time; write it like 2026-03-05 09:07.")
            % {"v": value}
        ) from None


def _to_datetime(match: re.Match[str], zone: ZoneInfo) -> datetime:
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    micros = round(float(fraction or 0) * 1_000_000)
    local = datetime.combine(
        date(int(year), int(month), int(day)),
        time(int(hour), int(minute), int(second or 0), micros, tzinfo=zone),
    )
    if offset is None:
        return local
    if offset == "Z":
        return local.replace(tzinfo=UTC)
    sign = -1 if offset[0] == "-" else 1
    ahead = timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
    return local.replace(tzinfo=UTC) - sign * ahead


NUMBER_PARSERS = {"number": parse_number, "bool": parse_bool, "date": parse_date}


# Formatting


def format_value(
    kind: str, number: int | None, text: str | None, zone: ZoneInfo
) -> str:
    """A stored value as people write it."""
    if number is None:
        return text or ""
    if kind == "number":
        return format_decimal(number)
    if kind == "bool":
        return _("yes") if number else _("no")
    if kind == "date":
        return community_days.to_date(number).isoformat()
    return timestamps.from_micros(number).astimezone(zone).isoformat(" ", "seconds")


def format_decimal(number: int) -> str:
    """`12000` → `"1.2"`."""
    sign, rest = "-" if number < 0 else "", abs(number)
    fraction = f"{rest % SCALE:0{DECIMAL_PLACES}d}".rstrip("0")
    return f"{sign}{rest // SCALE}{'.' + fraction if fraction else ''}"

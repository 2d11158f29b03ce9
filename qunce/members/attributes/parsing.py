"""Values of attributes: read from text, kept as number or text, shown again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from qunce.core import community_days, errors, text_validation, timestamps

DECIMAL_PLACES = 4
SCALE = 10**DECIMAL_PLACES
MAX_NUMBER = 2**62
YES = frozenset("true yes y t 是 对 有 √ ✓".split())
NO = frozenset("false no n f 否 不是 无 没有 × ✗".split())
MAX_CHOICES = 50
MAX_CHOICE_LENGTH = 40

DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
TIMESTAMP = re.compile(
    DATE.pattern + r"[T ]\s*(\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,6})?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?"
)
NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?:[,，]\d{3})+|\d+)(?:\.\d+)?")

StoredValue = tuple[int | None, str | None]
"""`number` and `text` of a row, one of them None."""
InputValue = str | int | float | bool | Decimal | date | datetime | Sequence[str]


class InvalidValue(errors.Invalid):
    """A value does not fit its attribute's type."""


def parse(kind: str, value: InputValue, zone: ZoneInfo) -> list[StoredValue]:
    """The rows of one value; a `multi` has one for each of its texts."""
    if kind == "multi":
        parts = re.split("[;；]", value) if isinstance(value, str) else value
        if not isinstance(parts, Iterable):
            raise InvalidValue(_("“%(v)s” is not a list of texts.") % {"v": value})
        return [(None, text) for text in sorted({_text(part) for part in parts})]
    if kind in ("text", "choice"):
        return [(None, _text(value))]
    return [(_number(kind, value, zone), None)]


def _text(value: object) -> str:
    text = str(value).strip()
    if not text_validation.is_text(text):
        raise InvalidValue(_("This contains characters that cannot be stored."))
    return text


def _number(kind: str, value: InputValue, zone: ZoneInfo) -> int:
    readers = {"number": parse_number, "bool": parse_bool, "date": parse_date}
    if kind == "instant":
        return timestamps.to_micros(parse_timestamp(value, zone))
    return readers[kind](value)


def parse_number(value: InputValue) -> int:
    """A decimal × 10⁴; more than four places are refused, not rounded."""
    text = str(value).strip().replace(",", "").replace("，", "")
    try:
        exact = Decimal(text) * SCALE
        whole = int(exact)
    except (InvalidOperation, ValueError, OverflowError):
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
    if isinstance(value, bool):
        return int(value)
    word = str(value).strip().lower()
    if word in YES or word == "1":
        return 1
    if word in NO or word == "0":
        return 0
    raise InvalidValue(_("“%(v)s” is neither yes nor no.") % {"v": value})


def parse_date(value: InputValue) -> int:
    """A calendar date as days since 1970."""
    if isinstance(value, datetime):
        return community_days.from_date(value.date())
    if isinstance(value, date):
        return community_days.from_date(value)
    found = DATE.fullmatch(str(value).strip())
    try:
        if found:
            return community_days.from_date(
                date(*(int(part) for part in found.groups()))
            )
    except ValueError:
        pass
    raise InvalidValue(
        _("“%(v)s” is not a date; write it like 2026-03-05.") % {"v": value}
    )


def parse_timestamp(value: InputValue, zone: ZoneInfo) -> datetime:
    """A point in time; without an offset it is meant in `zone`."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=zone)
    text = str(value).strip()
    found = TIMESTAMP.fullmatch(text)
    try:
        if found:
            return _moment(found, zone)
        return datetime.combine(
            community_days.to_date(parse_date(text)), time(), tzinfo=zone
        )
    except (ValueError, InvalidValue):
        raise InvalidValue(
            _("“%(v)s” is not a date and time; write it like 2026-03-05 09:07.")
            % {"v": value}
        ) from None


def _moment(found: re.Match[str], zone: ZoneInfo) -> datetime:
    year, month, dom, hour, minute, second, part, offset = found.groups()
    micros = round(float(part or 0) * 1_000_000)
    day_ = date(int(year), int(month), int(dom))
    clock = time(int(hour), int(minute), int(second or 0), micros, tzinfo=zone)
    local = datetime.combine(day_, clock)
    if offset is None:
        return local
    if offset == "Z":
        return local.replace(tzinfo=UTC)
    sign = -1 if offset[0] == "-" else 1
    ahead = timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
    return local.replace(tzinfo=UTC) - sign * ahead


def format_value(
    kind: str, number: int | None, text: str | None, zone: ZoneInfo
) -> str:
    """A kept value as people write it."""
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
    part = f"{rest % SCALE:0{DECIMAL_PLACES}d}".rstrip("0")
    return f"{sign}{rest // SCALE}{'.' + part if part else ''}"


# The type of a column of a file


def detect_type(values: Iterable[str]) -> str:
    """The narrowest type that all of these texts fit; empty ones do not count.

    Numbers with leading zeros or more than 15 digits are names, such as a member's
    card. Few texts that come again and again are a choice.
    """
    texts = [text for text in (value.strip() for value in values) if text]
    if not texts:
        return "text"
    for kind, fits in FITS.items():
        if all(fits(text) for text in texts):
            return kind
    different = set(texts)
    if all(len(text) <= MAX_CHOICE_LENGTH for text in different):
        lists = [text for text in texts if re.search("[;；]", text)]
        words = {word.strip() for text in texts for word in re.split("[;；]", text)}
        if lists and len(words) <= 10 * MAX_CHOICES:
            return "multi"
        if len(different) <= min(MAX_CHOICES, max(1, len(texts) // 2)):
            return "choice"
    return "text"


def _is_bool(text: str) -> bool:
    return text.lower() in YES or text.lower() in NO


def _is_date(text: str) -> bool:
    try:
        return bool(parse_date(text) or True)
    except InvalidValue:
        return False


def _is_moment(text: str) -> bool:
    try:
        return bool(parse_timestamp(text, ZoneInfo("UTC")))
    except InvalidValue:
        return False


def _is_number(text: str) -> bool:
    if not NUMBER.fullmatch(text):
        return False
    digits = re.sub(r"[^0-9]", "", text.split(".")[0])
    if len(digits) > 15 or (len(digits) > 1 and digits.startswith("0")):
        return False
    try:
        parse_number(text)
    except InvalidValue:
        return False
    return True


FITS = {
    "bool": _is_bool,
    "date": _is_date,
    "instant": _is_moment,
    "number": _is_number,
}

"""Parses dates and times as people and programs write them.

12/1/2010 alone may be the twelfth of January or the first of December. Its column
decides, as soon as one value has a number above twelve at one of the two positions.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from qunce.core import timestamps

YMD = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})日?")
COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:\s*(\d\d)(\d\d)(\d\d))?")
AMBIGUOUS_DATE = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d\d)(?!\d)")
CLOCK = re.compile(
    r"(上午|下午|晚上|凌晨|am|pm)?\s*(\d{1,2})[:时点](\d{2})分?(?:[:.](\d{2})秒?(?:[.,](\d{1,9}))?)?"
    r"\s*(am|pm)?",
    re.IGNORECASE,
)
OFFSET = re.compile(r"(Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})", re.IGNORECASE)
NUMBER = re.compile(r"\d+(\.\d+)?")
SERIAL_ORIGIN = datetime(1899, 12, 30)  # noqa: DTZ001 - spreadsheets have no zone
SERIAL_RANGE = (18_000, 80_000)
"""Day numbers of spreadsheets, from 1949 to 2119; other numbers are not dates."""
DAY_FIRST, MONTH_FIRST = "dmy", "mdy"
AFTERNOON, MORNING = {"pm", "下午", "晚上"}, {"am", "上午", "凌晨"}


class InvalidDate(ValueError):
    """The text is not a date or time, or one that does not exist."""


def possible_orders(texts: Iterable[str]) -> set[str]:
    """Return the orders of day and month that fit all texts like 12/1/2010."""
    orders = {DAY_FIRST, MONTH_FIRST}
    for text in texts:
        match = AMBIGUOUS_DATE.match(text.strip())
        if match:
            first, second = int(match[1]), int(match[3])
            if first > 12:
                orders.discard(MONTH_FIRST)
            if second > 12:
                orders.discard(DAY_FIRST)
    return orders


def is_ambiguous(text: str) -> bool:
    """Return whether the text looks like 12/1/2010, even if only one order fits."""
    return AMBIGUOUS_DATE.match(text.strip()) is not None


def to_micros(text: str, zone: ZoneInfo, order: str = "") -> int:
    """Return microseconds since 1970 UTC; a time without offset is local in `zone`.

    When clocks go back, an hour that occurs twice is the first one. When they go
    forward, a skipped time is counted with the offset before.
    """
    naive, offset = parse(text, order)
    if offset is not None:
        # fold=0 is Python's default and gives the first of two equal times.
        moment = naive.replace(tzinfo=UTC) - offset
    else:
        moment = naive.replace(tzinfo=zone).astimezone(UTC)
    return timestamps.to_micros(moment)


def to_date(text: str, order: str = "") -> date:
    """Return the date; raises InvalidDate if a time other than midnight follows."""
    naive, offset = parse(text, order)
    if naive.time() != time() or offset:
        raise InvalidDate(text)
    return naive.date()


def parse(text: str, order: str = "") -> tuple[datetime, timedelta | None]:
    """Return the local time and its offset from UTC, None where the text has none."""
    # Chinese input methods type full-width digits and colons.
    text = unicodedata.normalize("NFKC", text).strip()
    try:
        if NUMBER.fullmatch(text):
            return _parse_number(text)
        compact = COMPACT.fullmatch(text)
        if compact:
            return _from_compact(compact), None
        day, rest = _parse_date(text, order)
        clock, offset = _parse_time(rest.strip().removeprefix("T").strip())
        return datetime.combine(day, time()) + clock, offset
    except (ValueError, OverflowError):
        # Such as the thirtieth of February, or the year 10,000.
        raise InvalidDate(text) from None


def _parse_number(text: str) -> tuple[datetime, timedelta | None]:
    """Parse 20260305, seconds or milliseconds since 1970, or a spreadsheet's day number."""
    whole, _point, fraction = text.partition(".")
    compact = None if fraction else COMPACT.fullmatch(whole)
    if compact:
        return _from_compact(compact), None
    if len(whole) in (10, 13, 16):
        # Seconds, milliseconds and microseconds of the years 2001 to 2286 have exactly
        # these lengths.
        micros = int(whole) * 10 ** (16 - len(whole))
        if len(whole) == 10 and fraction:
            micros += int(fraction[:6].ljust(6, "0"))
        return timestamps.from_micros(micros).replace(tzinfo=None), timedelta()
    days = float(text)
    if not SERIAL_RANGE[0] <= days <= SERIAL_RANGE[1]:
        raise InvalidDate(text)
    # As a double, a spreadsheet's time is exact to about half a millisecond.
    seconds = round(days * 86_400_000) / 1000
    return SERIAL_ORIGIN + timedelta(seconds=seconds), None


def _from_compact(match: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second = (int(p or 0) for p in match.groups())
    return datetime.combine(date(year, month, day), time(hour, minute, second))


def _parse_date(text: str, order: str) -> tuple[date, str]:
    """Return the date at the start of the text, and the rest."""
    match = YMD.match(text)
    if match:
        return date(int(match[1]), int(match[2]), int(match[3])), text[match.end() :]
    match = AMBIGUOUS_DATE.match(text)
    if not match:
        raise InvalidDate(text)
    # The year comes last in every country that writes dates like this.
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    if len(match[4]) == 2:
        year += 2000 if year < 70 else 1900
    if not order:
        # Without an order, the date has to be readable in one way only.
        if (first > 12) == (second > 12) and first != second:
            raise InvalidDate(text)
        order = DAY_FIRST if first > 12 else MONTH_FIRST
    month, day = (second, first) if order == DAY_FIRST else (first, second)
    return date(year, month, day), text[match.end() :]


def _parse_time(text: str) -> tuple[timedelta, timedelta | None]:
    """Return the time since midnight, and the offset from UTC if there is one."""
    if not text:
        return timedelta(), None
    match = CLOCK.match(text)
    if not match:
        raise InvalidDate(text)
    hour, minute, second = int(match[2]), int(match[3]), int(match[4] or 0)
    half = (match[1] or match[6] or "").lower()
    # 14:00 pm is more likely a mistake than two o'clock, so it is not guessed.
    if half and not 0 <= hour <= 12:
        raise InvalidDate(text)
    if half in AFTERNOON and hour < 12:
        hour += 12
    elif half in MORNING and hour == 12:
        hour = 0
    if hour > 23 or minute > 59 or second > 59:
        raise InvalidDate(text)
    # Nanoseconds are cut off: databases store microseconds.
    micros = int((match[5] or "")[:6].ljust(6, "0"))
    # A duration, because a `time` cannot be added to a date across midnight.
    clock = timedelta(hours=hour, minutes=minute, seconds=second, microseconds=micros)
    return clock, _parse_offset(text[match.end() :].strip())


def _parse_offset(text: str) -> timedelta | None:
    if not text:
        return None
    if not OFFSET.fullmatch(text):
        raise InvalidDate(text)
    if text[0] not in "+-":
        return timedelta()
    digits = text[1:].replace(":", "").ljust(4, "0")
    size = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if size >= timedelta(hours=24):
        raise InvalidDate(text)
    return size if text[0] == "+" else -size

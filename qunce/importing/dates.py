"""Dates and times as people and programs write them.

12/1/2010 alone is the twelfth of January or the first of December; a column tells, as
soon as one of its values has a number above twelve in one of the two places.
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
SERIAL_ORIGIN = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet knows no zone
SERIAL_RANGE = (18_000, 80_000)
"""Days of a spreadsheet from 1949 to 2119; other bare numbers are no dates."""
DAY_FIRST, MONTH_FIRST = "dmy", "mdy"
AFTERNOON, MORNING = {"pm", "下午", "晚上"}, {"am", "上午", "凌晨"}


class InvalidDate(ValueError):
    """A text is not a date or time that exists."""


def possible_orders(texts: Iterable[str]) -> set[str]:
    """Which of the two orders fit all texts like 12/1/2010; both when nothing tells."""
    fitting = {DAY_FIRST, MONTH_FIRST}
    for text in texts:
        found = AMBIGUOUS_DATE.match(text.strip())
        if found:
            first, second = int(found[1]), int(found[3])
            if first > 12:
                fitting.discard(MONTH_FIRST)
            if second > 12:
                fitting.discard(DAY_FIRST)
    return fitting


def is_ambiguous(text: str) -> bool:
    return AMBIGUOUS_DATE.match(text.strip()) is not None


def to_micros(text: str, zone: ZoneInfo, order: str = "") -> int:
    """Microseconds since 1970 UTC. A time without offset is `zone`'s clock; of an hour
    shown twice it is the first, and one that clocks skip counts on from before."""
    naive, offset = parse(text, order)
    if offset is not None:
        moment = naive.replace(tzinfo=UTC) - offset
    else:
        moment = naive.replace(tzinfo=zone).astimezone(UTC)
    return timestamps.to_micros(moment)


def to_date(text: str, order: str = "") -> date:
    """The date; a time behind it must be midnight."""
    naive, offset = parse(text, order)
    if naive.time() != time() or offset:
        raise InvalidDate(text)
    return naive.date()


def parse(text: str, order: str = "") -> tuple[datetime, timedelta | None]:
    """What the clock showed and its offset, None where the text has none."""
    text = unicodedata.normalize("NFKC", text).strip()
    try:
        return _parse(text, order)
    except (ValueError, OverflowError):
        raise InvalidDate(text) from None


def _parse(text: str, order: str) -> tuple[datetime, timedelta | None]:
    if NUMBER.fullmatch(text):
        return _from_number(text)
    compact = COMPACT.fullmatch(text)
    if compact:
        return _compact(compact), None
    day, rest = _date(text, order)
    clock, offset = _clock(rest.strip().removeprefix("T").strip())
    return datetime.combine(day, time()) + clock, offset


def _compact(found: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second = (int(p or 0) for p in found.groups())
    return datetime.combine(date(year, month, day), time(hour, minute, second))


def _date(text: str, order: str) -> tuple[date, str]:
    found = YMD.match(text)
    if found:
        return date(int(found[1]), int(found[2]), int(found[3])), text[found.end() :]
    found = AMBIGUOUS_DATE.match(text)
    if not found:
        raise InvalidDate(text)
    first, second, year = int(found[1]), int(found[3]), int(found[4])
    if len(found[4]) == 2:
        year += 2000 if year < 70 else 1900
    month, day = (
        (second, first) if _day_first(first, second, order) else (first, second)
    )
    return date(year, month, day), text[found.end() :]


def _day_first(first: int, second: int, order: str) -> bool:
    if order:
        return order == DAY_FIRST
    if (first > 12) == (second > 12) and first != second:
        raise InvalidDate(f"{first}/{second}")
    return first > 12


def _clock(text: str) -> tuple[timedelta, timedelta | None]:
    if not text:
        return timedelta(), None
    found = CLOCK.match(text)
    if not found:
        raise InvalidDate(text)
    hour, minute, second = int(found[2]), int(found[3]), int(found[4] or 0)
    half = (found[1] or found[6] or "").lower()
    hour = _of_24(hour, half)
    if hour > 23 or minute > 59 or second > 59:
        raise InvalidDate(text)
    micros = int((found[5] or "")[:6].ljust(6, "0"))
    spent = timedelta(hours=hour, minutes=minute, seconds=second, microseconds=micros)
    return spent, _offset(text[found.end() :].strip())


def _of_24(hour: int, half: str) -> int:
    if half and not 0 <= hour <= 12:
        raise InvalidDate(str(hour))
    if half in AFTERNOON and hour < 12:
        return hour + 12
    return 0 if half in MORNING and hour == 12 else hour


def _offset(text: str) -> timedelta | None:
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


def _from_number(text: str) -> tuple[datetime, timedelta | None]:
    """20260305, seconds or milliseconds since 1970, or a spreadsheet's day number."""
    whole, _point, fraction = text.partition(".")
    if len(whole) in (8, 14) and not fraction:
        found = COMPACT.fullmatch(whole)
        assert found is not None  # noqa: S101 - it is 8 or 14 digits
        return _compact(found), None
    if len(whole) in (10, 13, 16):
        micros = int(whole) * 10 ** (16 - len(whole))
        micros += (
            int(fraction[:6].ljust(6, "0")) if len(whole) == 10 and fraction else 0
        )
        return timestamps.from_micros(micros).replace(tzinfo=None), timedelta()
    days = float(text)
    if not SERIAL_RANGE[0] <= days <= SERIAL_RANGE[1]:
        raise InvalidDate(text)
    # A double holds a spreadsheet's moment to about half a millisecond.
    seconds = round(days * 86_400_000) / 1000
    return SERIAL_ORIGIN + timedelta(seconds=seconds), None

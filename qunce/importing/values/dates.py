"""Parses dates and times as people and programs write them.

12/1/2010 alone may be the twelfth of January or the first of December, and 24-03-05 may
also begin with its year. Their column decides.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from qunce.core import timestamps

YMD = re.compile(
    r"(\d{4}|\d\d(?=\s*年))\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})日?"
)
COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:\s*(\d\d)(\d\d)(\d\d))?")
AMBIGUOUS_DATE = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{1,2})(?!\d)")
MONTHS = {
    name: number
    for number, names in enumerate(
        "jan january|feb february|mar march|apr april|may|jun june|jul july|aug august"
        "|sep sept september|oct october|nov november|dec december".split("|"),
        start=1,
    )
    for name in names.split()
}
NAMED_MONTH = re.compile(
    r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[,.]?\s+)?"
    r"(?:(?P<day>\d{1,2})(?:st|nd|rd|th)?[\s\-/.]*(?P<month>[a-z]{3,9})"
    r"|(?P<first>[a-z]{3,9})\.?\s*(?P<second>\d{1,2})(?:st|nd|rd|th)?)"
    r"[\s\-/.,]+(?P<year>\d{4}|\d\d)(?!\d)",
    re.IGNORECASE,
)
"""5 March 2024, 5-Mar-24 or Mar 5, 2024."""
PERIODS = (
    "上午|早上|早晨|清晨|凌晨|中午|正午|下午|午后|傍晚|晚上|晚间|夜里|夜晚|深夜|半夜|午夜|"
    r"a\.?m\.?|p\.?m\.?"
)
CLOCK = re.compile(
    rf"(?P<before>{PERIODS})?\s*(?P<hour>\d{{1,2}})[:时点](?P<minute>\d{{2}})分?"
    r"(?:(?:[:.]|(?<=分))(?P<second>\d{2})秒?(?:[.,](?P<fraction>\d{1,9}))?)?"
    rf"\s*(?P<after>{PERIODS})?",
    re.IGNORECASE,
)
OFFSET = re.compile(
    r"Z|UTC|GMT|(?P<sign>[+-])(?P<hours>\d{2})(?::?(?P<minutes>\d{2}))?", re.IGNORECASE
)
NUMBER = re.compile(r"\d+(\.\d+)?")
SERIAL_ORIGIN = datetime(1899, 12, 30)  # noqa: DTZ001 - spreadsheets have no zone
SERIAL_RANGE = (18_000, 80_000)
"""Day numbers of spreadsheets, from 1949 to 2119; other numbers are not dates."""
DAY_FIRST, MONTH_FIRST, YEAR_FIRST = "dmy", "mdy", "ymd"
ORDERS = (DAY_FIRST, MONTH_FIRST, YEAR_FIRST)
HOURS: dict[str, dict[int, int]] = {
    # Excel's own formats write midnight as 上午12:05 and noon as 下午12:05.
    "am": {12: 0} | {hour: hour for hour in range(12)},
    "pm": {0: 12, 12: 12} | {hour: hour + 12 for hour in range(1, 12)},
    "early": {12: 0} | {hour: hour for hour in range(7)},
    "morning": {hour: hour for hour in range(1, 12)},
    "noon": {11: 11, 12: 12, 1: 13, 2: 14},
    "afternoon": {12: 12} | {hour: hour + 12 for hour in range(1, 8)},
    "dusk": {hour: hour + 12 for hour in range(4, 9)},
    # Half past one at night is of this day to some people and of the next to others.
    "evening": {hour: hour + 12 for hour in range(5, 12)},
    "night": {hour: hour + 12 for hour in range(9, 12)},
}
"""The hour of the day by the period of the day and the hour as written; others are
unclear."""
PERIOD_HOURS = {
    "am": "am",
    "上午": "am",
    "凌晨": "early",
    "早上": "morning",
    "早晨": "morning",
    "清晨": "morning",
    "中午": "noon",
    "正午": "noon",
    "pm": "pm",
    "下午": "pm",
    "午后": "afternoon",
    "傍晚": "dusk",
    "晚上": "evening",
    "晚间": "evening",
    "夜晚": "evening",
    "夜里": "night",
    "深夜": "night",
    "半夜": "night",
    "午夜": "night",
}
EPOCH_DIGITS = {9: 6, 10: 6, 12: 3, 13: 3, 15: 0, 16: 0}
"""Digits of seconds, milliseconds and microseconds since 1970, by the power of ten that
makes them microseconds."""


class InvalidDate(ValueError):
    """The text is not a date or time, or one that does not exist."""


class LunarDay(InvalidDate):
    """The day is one of the lunar calendar."""


class UnclearHour(InvalidDate):
    """The hour does not fit the period of the day, or may be of two days."""


# Evidence


def readings(text: str) -> dict[str, date]:
    """Return the date of a text like 12/1/2010 in each order in which it exists."""
    match = AMBIGUOUS_DATE.match(unicodedata.normalize("NFKC", text).strip())
    dates: dict[str, date] = {}
    if match is None:
        return dates
    for order in ORDERS:
        try:
            dates[order] = _in_order(match, order)
        except ValueError:
            continue
    return dates


def is_ambiguous(text: str) -> bool:
    """Return whether the text looks like 12/1/2010, even if only one order fits."""
    text = unicodedata.normalize("NFKC", text).strip()
    return AMBIGUOUS_DATE.match(text) is not None


# Parsing


def to_micros(
    text: str, zone: ZoneInfo, order: str = "", latest: date | None = None
) -> int:
    """Return microseconds since 1970 UTC; a time without offset is local in `zone`.

    When clocks go back, an hour that occurs twice is the first one. When they go
    forward, a skipped time is counted with the offset before.
    """
    naive, offset = parse(text, order, latest)
    if offset is not None:
        # fold=0 is Python's default and gives the first of two equal times.
        moment = naive.replace(tzinfo=UTC) - offset
    else:
        moment = naive.replace(tzinfo=zone).astimezone(UTC)
    return timestamps.to_micros(moment)


def to_date(text: str, order: str = "", latest: date | None = None) -> date:
    """Return the date; raises InvalidDate if a time other than midnight follows."""
    naive, offset = parse(text, order, latest)
    if naive.time() != time() or offset:
        raise InvalidDate(text)
    return naive.date()


def parse(
    text: str, order: str = "", latest: date | None = None
) -> tuple[datetime, timedelta | None]:
    """Return the local time and its offset from UTC, None where the text has none.

    A year of two digits is of this century unless that is after `latest`.
    """
    # Chinese input methods type full-width digits and colons.
    text = unicodedata.normalize("NFKC", text).strip()
    try:
        compact = COMPACT.fullmatch(text)
        if compact:
            parts = (int(part or 0) for part in compact.groups())
            year, month, day, hour, minute, second = parts
            return datetime(year, month, day, hour, minute, second), None  # noqa: DTZ001
        if NUMBER.fullmatch(text):
            return _parse_number(text)
        found, rest = _parse_date(text, order, latest)
        since_midnight, offset = _parse_time(rest.strip().removeprefix("T").strip())
        return datetime.combine(found, time()) + since_midnight, offset
    except InvalidDate:
        raise
    except (ValueError, OverflowError):
        # Such as the thirtieth of February, or the year 10,000.
        raise InvalidDate(text) from None


def _parse_number(text: str) -> tuple[datetime, timedelta | None]:
    """Parse seconds or milliseconds since 1970, or a spreadsheet's day number."""
    whole, _point, fraction = text.partition(".")
    if len(whole) in EPOCH_DIGITS:
        power = EPOCH_DIGITS[len(whole)]
        micros = int(whole) * 10**power + int(fraction[:power].ljust(power, "0") or 0)
        return timestamps.from_micros(micros).replace(tzinfo=None), timedelta()
    days = float(text)
    if not SERIAL_RANGE[0] <= days <= SERIAL_RANGE[1]:
        raise InvalidDate(text)
    # As a double, a spreadsheet's time is exact to about half a millisecond.
    seconds = round(days * 86_400_000) / 1000
    return SERIAL_ORIGIN + timedelta(seconds=seconds), None


def _parse_date(text: str, order: str, latest: date | None) -> tuple[date, str]:
    """Return the date at the start of the text, and the rest."""
    match = YMD.match(text)
    if match:
        # The number before 年 is a year, even one of two digits.
        year = int(match[1]) + (2000 if len(match[1]) == 2 else 0)
        return date(year, int(match[2]), int(match[3])), text[match.end() :]
    match = NAMED_MONTH.match(text)
    if match:
        month = MONTHS.get((match["month"] or match["first"]).lower())
        if month is None:
            raise InvalidDate(text)
        year_text, day_text = match["year"], match["day"] or match["second"]
        found = date(_century(year_text, latest) + int(year_text), month, int(day_text))
        return _of_century(found, year_text, latest), text[match.end() :]
    match = AMBIGUOUS_DATE.match(text)
    if not match:
        raise InvalidDate(text)
    if order:
        day = _in_order(match, order, latest)
    else:
        # Without an order, the date has to be readable in one way only.
        if len(set(readings(text).values())) != 1:
            raise InvalidDate(text)
        order = next(iter(readings(text)))
        day = _in_order(match, order, latest)
    return day, text[match.end() :]


def _century(year: str, latest: date | None) -> int:
    """Return what is missing in a year of two digits."""
    if len(year) == 4:
        return 0
    return 1900 if int(year) >= 70 and latest is None else 2000


def _in_order(match: re.Match[str], order: str, latest: date | None = None) -> date:
    parts = [match[1], match[3], match[4]]
    year, month, day = (parts[order.index(name)] for name in "ymd")
    # A year of four digits comes last in every country that writes dates like this.
    if len(year) not in (2, 4) or max(len(month), len(day)) > 2:
        raise ValueError(match[0])
    found = date(_century(year, latest) + int(year), int(month), int(day))
    return _of_century(found, year, latest)


def _of_century(day: date, year: str, latest: date | None) -> date:
    if len(year) == 2 and latest is not None and day > latest:
        return day.replace(year=day.year - 100)
    return day


def _parse_time(text: str) -> tuple[timedelta, timedelta | None]:
    """Return the time since midnight, and the offset from UTC if there is one."""
    if not text:
        return timedelta(), None
    match = CLOCK.match(text)
    if not match or (match["before"] and match["after"]):
        raise InvalidDate(text)
    hour, minute = int(match["hour"]), int(match["minute"])
    second = int(match["second"] or 0)
    period = (match["before"] or match["after"] or "").lower().replace(".", "")
    if period:
        # 14:00 pm is more likely a mistake than two o'clock, so it is not guessed.
        hours = HOURS[PERIOD_HOURS[period]]
        if hour not in hours:
            raise UnclearHour(text)
        hour = hours[hour]
    if hour > 23 or minute > 59 or second > 59:
        raise InvalidDate(text)
    # Nanoseconds are cut off: databases store microseconds.
    micros = int((match["fraction"] or "")[:6].ljust(6, "0"))
    # A duration, because a `time` cannot be added to a date across midnight.
    clock = timedelta(hours=hour, minutes=minute, seconds=second, microseconds=micros)
    rest = text[match.end() :].strip()
    if not rest:
        return clock, None
    match = OFFSET.fullmatch(rest)
    if not match:
        raise InvalidDate(text)
    offset = timedelta(
        hours=int(match["hours"] or 0), minutes=int(match["minutes"] or 0)
    )
    if offset >= timedelta(hours=24):
        raise InvalidDate(text)
    return clock, -offset if match["sign"] == "-" else offset

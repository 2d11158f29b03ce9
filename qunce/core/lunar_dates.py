"""Days of the Chinese lunar calendar, and the days of a year on which they recur.

A birthday of a leap month is kept in that month where the year has it, else in the month
of the same number. Day 30 is kept on day 29 in months that end with it.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta

import lunardate
from django.utils import translation
from django.utils.translation import gettext as _

from qunce.core import errors

YEARS = range(1900, 2100)
"""Lunar years that are known."""
MONTHS = "正 二 三 四 五 六 七 八 九 十 冬 腊".split()
DIGITS = "〇一二三四五六七八九"
MONTH_NUMBERS = {
    **{name: number for number, name in enumerate(MONTHS, start=1)},
    "一": 1,
    "十一": 11,
    "十二": 12,
}
MAX_DAYS_BETWEEN = 400
"""From one anniversary to the next; the longest lunar year has 385 days."""
NAME = r"(?:农历|農曆|阴历|陰曆|旧历|舊曆|lunar(?:\s+calendar)?)"
PATTERN = re.compile(
    rf"(?P<name>{NAME})?\s*[:：]?\s*"
    r"(?:(?P<year>\d{4}|[〇零○一二三四五六七八九]{4})\s*[-/.年]\s*)?"
    r"(?P<leap>闰|閏|leap\s*)?"
    r"(?P<month>\d{1,2}|十[一二]|[正一二三四五六七八九十冬腊臘])\s*[-/.月]\s*"
    r"(?P<day>\d{1,2}|初[一二三四五六七八九十]|[二廿三]?十[一二三四五六七八九]?"
    r"|廿[一二三四五六七八九]?|卅|[一二三四五六七八九])\s*[日号號]?"
    rf"(?:[T ]\s*0?0:00(?::00(?:\.0+)?)?)?\s*(?:\(?{NAME}\)?)?",
    re.IGNORECASE,
)
MARKED = re.compile(rf"{NAME}|初[一二三四五六七八九十]|[正冬腊臘]月|[闰閏廿卅]", re.I)
"""What only dates of the lunar calendar have in them."""


class InvalidLunarDate(errors.Invalid):
    """The text is no day of the lunar calendar."""


@dataclass(frozen=True)
class LunarDate:
    """A day of the lunar calendar. `year` is 0 if it is not known."""

    month: int
    day: int
    is_leap: bool = False
    year: int = 0

    def __str__(self) -> str:
        """As it is stored and exported: `1990-08-15`, `闰04-02`."""
        leap = "闰" if self.is_leap else ""
        year = f"{self.year:04d}-" if self.year else ""
        return f"{year}{leap}{self.month:02d}-{self.day:02d}"

    @property
    def solar(self) -> date | None:
        """The same day of the common calendar, None without a year."""
        return _solar(self.year, self.month, self.day, is_leap=self.is_leap)


# Parsing


def stored(text: str) -> LunarDate:
    """Read what `str` has written."""
    *year, month, day = text.replace("闰", "").split("-")
    return LunarDate(int(month), int(day), "闰" in text, int(year[0]) if year else 0)


def is_marked(text: str) -> bool:
    """Whether a text can be nothing but a date of the lunar calendar."""
    return MARKED.search(text) is not None


def parse(text: str) -> LunarDate:
    """Read texts such as 农历八月十五, 一九九〇年闰五月初三, 1990-08-15 and 8-15.

    Raises InvalidLunarDate, also for days that no such year has.
    """
    match = PATTERN.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if match is None:
        raise InvalidLunarDate(
            _(
                "“%(v)s” is no date of the lunar calendar; write it like 八月十五 or 08-15."
            )
            % {"v": text}
        )
    found = LunarDate(
        _read_month(match["month"]),
        _read_day(match["day"]),
        bool(match["leap"]),
        _read_year(match["year"] or ""),
    )
    _check_exists(found, text)
    return found


def _read_year(text: str) -> int:
    if not text or text.isascii():
        return int(text or 0)
    plain = text.replace("零", "〇").replace("○", "〇")
    return int("".join(str(DIGITS.index(sign)) for sign in plain))


def _read_month(text: str) -> int:
    if text.isdigit():
        return int(text)
    return MONTH_NUMBERS[text.replace("臘", "腊")]


def _read_day(text: str) -> int:
    if text.isdigit():
        return int(text)
    text = text.replace("廿", "二十").replace("卅", "三十").removeprefix("初")
    tens, ten, ones = text.rpartition("十")
    number = DIGITS.index(ones) if ones else 0
    return number + (10 * (DIGITS.index(tens) if tens else 1) if ten else 0)


def _check_exists(found: LunarDate, text: str) -> None:
    years = [found.year] if found.year else YEARS
    parts = found.month, found.day
    if any(_solar(year, *parts, is_leap=found.is_leap) for year in years):
        return
    if found.year:
        sentence = _("The lunar year %(year)s has no day “%(v)s”.")
    else:
        sentence = _("No lunar year has the day “%(v)s”.")
    raise InvalidLunarDate(sentence % {"year": found.year, "v": text})


@functools.lru_cache(maxsize=4_096)
def _solar(year: int, month: int, day: int, *, is_leap: bool) -> date | None:
    try:
        lunar = lunardate.LunarDate(year, month, day, is_leap)
        solar: date = lunar.to_solar_date()
    except (ValueError, IndexError):
        return None
    return solar


# Anniversaries


@functools.lru_cache(maxsize=4_096)
def kept_on(day: date) -> frozenset[tuple[int, int, bool]]:
    """The lunar birthdays, as month, day and whether of a leap month, kept on a day.

    Empty for days of years that are not known.
    """
    lunar = _lunar(day)
    if lunar is None:
        return frozenset()
    year, month, number, is_leap = lunar
    tomorrow = _lunar(day + timedelta(days=1))
    is_last = tomorrow is None or tomorrow[2] == 1
    days = [29, 30] if number == 29 and is_last else [number]
    has_leap = is_leap or _solar(year, month, 1, is_leap=True) is not None
    kinds = [is_leap] if has_leap else [False, True]
    return frozenset((month, each, kind) for each in days for kind in kinds)


@functools.lru_cache(maxsize=4_096)
def _lunar(day: date) -> tuple[int, int, int, bool] | None:
    try:
        found = lunardate.LunarDate.from_solar_date(day.year, day.month, day.day)
        is_known = found.to_solar_date() == day
    except (ValueError, IndexError):
        return None
    # Beyond the years that it knows, the library gives days that there are not.
    if not is_known:
        return None
    return found.year, found.month, found.day, bool(found.is_leap_month)


def from_solar(day: date) -> LunarDate | None:
    """The day of the lunar calendar, None for days of years that are not known."""
    found = _lunar(day)
    if found is None:
        return None
    year, month, number, is_leap = found
    return LunarDate(month, number, is_leap, year)


def is_kept_on(birthday: LunarDate, day: date) -> bool:
    """Whether the birthday is kept on a day; never before the day of birth, if known."""
    born = birthday.solar
    wanted = birthday.month, birthday.day, birthday.is_leap
    return (born is None or day >= born) and wanted in kept_on(day)


def year_of(day: date) -> int | None:
    """The lunar year of a day, None if it is not known."""
    found = _lunar(day)
    return None if found is None else found[0]


def next_anniversary(birthday: LunarDate, today: date) -> date | None:
    """The first day from today on, on which the birthday is kept; None if not known."""
    wanted = birthday.month, birthday.day, birthday.is_leap
    for offset in range(MAX_DAYS_BETWEEN):
        day = today + timedelta(days=offset)
        if wanted in kept_on(day):
            return day
    return None


# In words


def in_words(value: LunarDate) -> str:
    """`农历1990年八月十五`, or `lunar 1990-08-15` in English."""
    if (translation.get_language() or "").startswith("zh"):
        text = _chinese(value)
    else:
        text = str(value).replace("闰", "leap ")
    return _("lunar %(date)s") % {"date": text}


def _chinese(value: LunarDate) -> str:
    tens, ones = divmod(value.day, 10)
    if value.day <= 10:
        day = "初" + ("十" if value.day == 10 else DIGITS[value.day])
    elif not ones:
        day = DIGITS[tens] + "十"
    else:
        day = ("十" if tens == 1 else "廿") + DIGITS[ones]
    leap = "闰" if value.is_leap else ""
    year = f"{value.year}年" if value.year else ""
    return f"{year}{leap}{MONTHS[value.month - 1]}月{day}"

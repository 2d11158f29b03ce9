"""Lunar birthdays: how they are read, and on which days of a hundred years they are kept."""

from __future__ import annotations

from datetime import date, timedelta

import lunardate
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qunce.core import lunar_dates
from qunce.core.lunar_dates import InvalidLunarDate, LunarDate

YEARS = range(1951, 2051)


@pytest.mark.parametrize(
    ("text", "stored", "solar"),
    [
        ("农历八月十五", "08-15", None),
        ("八月十五(农历)", "08-15", None),
        ("8-15", "08-15", None),
        ("1990-08-15", "1990-08-15", date(1990, 10, 3)),
        ("1990/8/15", "1990-08-15", date(1990, 10, 3)),
        ("1990-08-15 00:00:00", "1990-08-15", date(1990, 10, 3)),
        ("一九九〇年闰五月初三", "1990-闰05-03", date(1990, 6, 25)),
        ("1990-闰05-03", "1990-闰05-03", date(1990, 6, 25)),
        ("阴历腊月廿三", "12-23", None),
        ("冬月卅", "11-30", None),
        ("正月初一", "01-01", None),
        ("十二月二十九", "12-29", None),
        ("2月30日", "02-30", None),
        ("Lunar 8-15", "08-15", None),
    ],
)
def test_lunar_dates_are_read(text: str, stored: str, solar: date | None) -> None:
    found = lunar_dates.parse(text)
    assert (str(found), found.solar) == (stored, solar)
    assert lunar_dates.stored(str(found)) == lunar_dates.parse(str(found)) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "三十",
        "1990-08-31",
        "2004-01-30",
        "闰正月初一",
        "2023年闰三月初一",
        "13-1",
        "soon",
    ],
)
def test_days_that_no_year_has_are_refused(text: str) -> None:
    with pytest.raises(InvalidLunarDate):
        lunar_dates.parse(text)


def kept_in_year(year: int, birthday: LunarDate) -> date:
    """The slow and obvious way: try the day itself, then what stands for it."""
    for is_leap in (True, False) if birthday.is_leap else (False,):
        for day in (birthday.day, birthday.day - 1):
            try:
                lunar = lunardate.LunarDate(year, birthday.month, day, is_leap)
                return lunar.to_solar_date()  # type: ignore[no-any-return]
            except ValueError:
                continue
    raise AssertionError(year, birthday)


def leap_months() -> set[int]:
    found = (lunardate.LunarDate.leap_month_for_year(year) for year in YEARS)
    return {month for month in found if month}


BIRTHDAYS = st.builds(LunarDate, st.integers(1, 12), st.integers(1, 30)) | st.builds(
    LunarDate,
    st.sampled_from(sorted(leap_months())),
    st.integers(1, 30),
    is_leap=st.just(value=True),
)


# Each example looks at all days of a year.
@settings(max_examples=settings().max_examples // 4, deadline=None)
@given(BIRTHDAYS, st.sampled_from(YEARS))
def test_birthdays_are_kept_once_a_lunar_year(birthday: LunarDate, year: int) -> None:
    wanted = birthday.month, birthday.day, birthday.is_leap
    first = lunardate.LunarDate(year, 1, 1).to_solar_date()
    last = lunardate.LunarDate(year + 1, 1, 1).to_solar_date()
    days = (first + timedelta(days=offset) for offset in range((last - first).days))
    kept = [day for day in days if wanted in lunar_dates.kept_on(day)]
    assert kept == [kept_in_year(year, birthday)]


@given(BIRTHDAYS, st.dates(date(1951, 3, 1), date(2049, 12, 31)))
def test_next_anniversary_is_the_first_one_from_today_on(
    birthday: LunarDate, today: date
) -> None:
    kept = [
        kept_in_year(year, birthday) for year in range(today.year - 1, today.year + 2)
    ]
    expected = min(day for day in kept if day >= today)
    assert lunar_dates.next_anniversary(birthday, today) == expected


@given(st.dates(date(1951, 3, 1), date(2049, 12, 31)), st.integers(0, 1_200))
def test_birthday_comes_with_the_day_of_birth(day: date, later: int) -> None:
    born = lunar_dates.from_solar(day)
    assert born is not None and born.solar == day
    today = day + timedelta(days=later)
    wanted = born.month, born.day, born.is_leap
    is_kept = lunar_dates.is_kept_on(born, today)
    assert is_kept == (wanted in lunar_dates.kept_on(today))
    assert lunar_dates.is_kept_on(born, day)
    assert not lunar_dates.is_kept_on(born, day - timedelta(days=later + 1))


@pytest.mark.parametrize(
    "day", [date(1899, 5, 1), date(1900, 1, 30), date(2100, 2, 9), date(2150, 1, 1)]
)
def test_years_beyond_the_tables_are_not_known(day: date) -> None:
    assert lunar_dates.from_solar(day) is None
    assert lunar_dates.year_of(day) is None
    assert lunar_dates.kept_on(day) == frozenset()


def test_first_and_last_known_day() -> None:
    for day, text in (
        (date(1900, 1, 31), "1900-01-01"),
        (date(2100, 2, 8), "2099-12-30"),
    ):
        assert str(lunar_dates.from_solar(day)) == text

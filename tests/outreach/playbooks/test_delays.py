"""Delays on both changes of the clock, against dates written by hand (journeys, row 9)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.core import working_days
from qunce.outreach.playbooks import calendars, delays
from qunce.outreach.playbooks.working_days import DayFilter, Only

SHANGHAI = "Asia/Shanghai"
LOS_ANGELES = "America/Los_Angeles"
CAIRO = "Africa/Cairo"
DAY = {"minutes": 1440}
NEXT_DAY = {"days": 1, "time": "09:00"}
TUESDAY = {"weekday": 1, "time": "09:00"}

TABLE = [
    # Los Angeles, clocks go forward on Sunday, 8 March 2026, at 02:00.
    (LOS_ANGELES, "2026-03-07 23:50", DAY, "2026-03-09 00:50"),
    (LOS_ANGELES, "2026-03-07 23:50", NEXT_DAY, "2026-03-08 09:00"),
    (LOS_ANGELES, "2026-03-07 23:50", TUESDAY, "2026-03-10 09:00"),
    (LOS_ANGELES, "2026-03-07 23:50", {"days": 1, "time": "02:30"}, "2026-03-08 03:30"),
    # Los Angeles, clocks go back on Sunday, 1 November 2026, at 02:00.
    (LOS_ANGELES, "2026-10-31 23:50", DAY, "2026-11-01 22:50"),
    (LOS_ANGELES, "2026-10-31 23:50", NEXT_DAY, "2026-11-01 09:00"),
    (LOS_ANGELES, "2026-10-31 23:50", TUESDAY, "2026-11-03 09:00"),
    # Cairo, clocks go forward on Friday, 24 April 2026, at 00:00.
    (CAIRO, "2026-04-23 23:50", DAY, "2026-04-25 00:50"),
    (CAIRO, "2026-04-23 23:50", NEXT_DAY, "2026-04-24 09:00"),
    (CAIRO, "2026-04-23 23:50", TUESDAY, "2026-04-28 09:00"),
    (CAIRO, "2026-04-23 23:50", {"days": 1, "time": "00:30"}, "2026-04-24 01:30"),
    # Cairo, clocks go back at the end of Thursday, 29 October 2026.
    (CAIRO, "2026-10-28 23:50", DAY, "2026-10-29 23:50"),
    (CAIRO, "2026-10-29 22:50", DAY, "2026-10-30 21:50"),
    (CAIRO, "2026-10-29 23:50", NEXT_DAY, "2026-10-30 09:00"),
    (CAIRO, "2026-10-29 23:50", TUESDAY, "2026-11-03 09:00"),
    # Shanghai has no changes of the clock.
    (SHANGHAI, "2026-03-07 23:50", DAY, "2026-03-08 23:50"),
    (SHANGHAI, "2026-03-07 23:50", NEXT_DAY, "2026-03-08 09:00"),
    (SHANGHAI, "2026-03-10 08:59", TUESDAY, "2026-03-10 09:00"),
    (SHANGHAI, "2026-03-10 09:00", TUESDAY, "2026-03-17 09:00"),
    (SHANGHAI, "2026-03-10 08:00", {"days": 0, "time": "09:00"}, "2026-03-10 09:00"),
    (SHANGHAI, "2026-03-10 09:00", {"days": 0, "time": "09:00"}, "2026-03-11 09:00"),
]


@pytest.mark.parametrize(("zone_name", "since", "delay", "expected"), TABLE)
def test_delays_end_when_a_person_would_say(
    zone_name: str, since: str, delay: dict[str, Any], expected: str
) -> None:
    zone = ZoneInfo(zone_name)
    start = datetime.fromisoformat(since).replace(tzinfo=zone)
    end = delays.parse(delay).ends_at(start, zone, delays.ANY_DAY)
    assert f"{end.astimezone(zone):%Y-%m-%d %H:%M}" == expected
    assert delays.parse(delay).to_json() == delay


@given(
    st.integers(0, 1_500_000),
    st.sampled_from([SHANGHAI, LOS_ANGELES, CAIRO]),
    st.one_of(
        st.builds(delays.After, st.integers(1, 100_000)),
        st.builds(delays.OnDay, st.integers(0, 60), st.times()),
        st.builds(delays.OnWeekday, st.integers(0, 6), st.times()),
    ),
)
def test_a_delay_ends_later_and_within_its_days(
    minutes: int, zone_name: str, delay: delays.Delay
) -> None:
    since = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    zone = ZoneInfo(zone_name)
    end = delay.ends_at(since, zone, delays.ANY_DAY)
    assert end > since
    days = (end.astimezone(zone).date() - since.astimezone(zone).date()).days
    if isinstance(delay, delays.After):
        assert end - since == timedelta(minutes=delay.minutes)
    elif isinstance(delay, delays.OnDay):
        assert days in (delay.days, delay.days + 1)
    else:
        assert end.astimezone(zone).weekday() == delay.weekday
        assert days <= 7


def test_working_days_follow_the_state_council() -> None:
    working = DayFilter(Only.WORKING)
    # The week of the National Day in 2025; Sunday, 28 September was worked.
    assert working_days.is_working_day(date(2025, 9, 28))
    assert not working_days.is_working_day(date(2025, 10, 8))
    assert working.next_allowed(date(2025, 10, 1)) == date(2025, 10, 9)
    assert DayFilter(Only.OFF).next_allowed(date(2025, 9, 28)) == date(2025, 10, 1)
    # Elsewhere, and in years that are not announced yet, weekends are off.
    assert not working_days.is_working_day(date(2025, 9, 28), "US")
    assert working_days.is_working_day(date(2099, 10, 1))
    skipped = DayFilter(except_for=frozenset({date(2026, 1, 1)}))
    morning = delays.OnDay(1, time(9))
    zone = ZoneInfo(SHANGHAI)
    end = morning.ends_at(datetime(2025, 12, 31, 12, tzinfo=zone), zone, skipped)
    assert end == datetime(2026, 1, 2, 9, tzinfo=zone)


def test_festivals_of_both_calendars_are_known() -> None:
    days = {
        "spring_festival": date(2026, 2, 17),
        "new_years_eve": date(2026, 2, 16),
        "lantern": date(2026, 3, 3),
        "dragon_boat": date(2026, 6, 19),
        "qixi": date(2026, 8, 19),
        "mid_autumn": date(2026, 9, 25),
        "singles_day": date(2026, 11, 11),
    }
    for name, day in days.items():
        assert calendars.is_festival(name, day), name
        assert not calendars.is_festival(name, day + timedelta(days=1)), name
    # Some of these years have the month of a festival twice: it comes once.
    for year in range(2001, 2051):
        first = date(year, 1, 1)
        whole = [first + timedelta(days=n) for n in range(366)]
        year_days = [day for day in whole if day.year == year]
        for name in ("lantern", "dragon_boat", "qixi", "mid_autumn", "double_ninth"):
            assert sum(calendars.is_festival(name, day) for day in year_days) == 1


def test_a_calendar_recurs_by_weekday_day_of_month_and_festival() -> None:
    json = {"weekdays": [2], "month_days": [-1], "festivals": ["mid_autumn"]}
    found = calendars.parse(json)
    assert found.to_json() == json
    in_autumn = [date(2026, 9, 1) + timedelta(days=n) for n in range(30)]
    included = [day.day for day in in_autumn if found.includes(day)]
    assert included == [2, 9, 16, 23, 25, 30]
    three_before = calendars.parse({"festivals": ["mid_autumn"], "offset": -3})
    assert three_before.includes(date(2026, 9, 22))
    for broken in ({}, {"weekdays": [7]}, {"festivals": ["x"]}, {"dates": ["1.1."]}):
        with pytest.raises(calendars.InvalidCalendar):
            calendars.parse(broken)

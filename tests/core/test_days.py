from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from qunce.core import community_days, timestamps

ZONES = (
    "Asia/Shanghai",
    "America/Los_Angeles",
    "Africa/Cairo",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "UTC",
)
DAY = timedelta(days=1)
MINUTE = 60_000_000


def slow_day(zone: str, start: int, moment: datetime) -> date:
    """Walk back minute by minute to when the clock first showed the start of day.

    A day `d` has begun when any minute up to now showed d's start or later.
    """
    place = ZoneInfo(zone)
    newest = date.min
    # A clock is never set back by more than a day.
    for back in range(2 * 24 * 60):
        at = moment - timedelta(minutes=back)
        local = at.astimezone(place).replace(tzinfo=None)
        shown = (local - timedelta(minutes=start)).date()
        newest = max(newest, shown)
    return newest


moments = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - the zone is given below
    max_value=datetime(2035, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
near_changes = st.sampled_from(
    [
        datetime(2026, 3, 8, 10, tzinfo=UTC),  # Los Angeles, forward
        datetime(2026, 11, 1, 9, tzinfo=UTC),  # Los Angeles, back
        datetime(2026, 4, 23, 22, tzinfo=UTC),  # Cairo, forward over midnight
        datetime(2026, 10, 29, 21, tzinfo=UTC),  # Cairo, back over midnight
        datetime(2018, 11, 4, 3, tzinfo=UTC),  # São Paulo, forward over midnight
        datetime(2026, 4, 4, 15, tzinfo=UTC),  # Lord Howe, half an hour back
    ]
).flatmap(
    lambda at: st.integers(-48 * 60, 48 * 60).map(lambda m: at + timedelta(minutes=m))
)
starts = st.one_of(st.sampled_from([0, 60, 120, 150, 240, 1439]), st.integers(0, 1439))


@hypothesis.settings(max_examples=150)
@hypothesis.given(st.sampled_from(ZONES), starts, near_changes | moments)
def test_a_day_is_the_newest_whose_start_the_clock_has_shown(
    zone: str, start: int, moment: datetime
) -> None:
    found = community_days.to_date(community_days.day_of(zone, start, moment))
    assert found == slow_day(zone, start, moment.replace(second=0, microsecond=0))


@hypothesis.given(st.sampled_from(ZONES), starts, st.integers(10_957, 23_741))
def test_days_follow_each_other_without_gap_or_overlap(
    zone: str, start: int, day: int
) -> None:
    begin, end = (
        community_days.start_of(zone, start, day),
        community_days.start_of(zone, start, day + 1),
    )
    assert begin <= end
    if begin < end:
        edges = np.array([begin - 1, begin, end - 1, end])
        before, first, last, after = community_days.days_of(zone, start, edges)
        assert before < day
        assert (first, last) == (day, day)
        assert after > day


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Asia/Shanghai", date(2026, 3, 8), 24),
        ("America/Los_Angeles", date(2026, 3, 8), 23),
        ("America/Los_Angeles", date(2026, 11, 1), 25),
        ("Africa/Cairo", date(2026, 4, 24), 23),
        ("Africa/Cairo", date(2026, 10, 29), 25),
    ],
)
def test_days_are_as_long_as_the_clock_makes_them(
    zone: str, day: date, hours: int
) -> None:
    number = community_days.from_date(day)
    length = community_days.start_of(zone, 0, number + 1) - community_days.start_of(
        zone, 0, number
    )
    assert length == hours * 60 * MINUTE


def test_a_start_that_the_clock_jumps_over_is_the_jump() -> None:
    cairo = community_days.from_date(date(2026, 4, 24))
    begin = timestamps.from_micros(community_days.start_of("Africa/Cairo", 0, cairo))
    assert begin == datetime(2026, 4, 23, 22, tzinfo=UTC)
    assert begin.astimezone(ZoneInfo("Africa/Cairo")).time() == time(1)


def test_a_start_that_the_clock_shows_twice_is_the_first_showing() -> None:
    angeles = community_days.from_date(date(2026, 11, 1))
    begin = timestamps.from_micros(
        community_days.start_of("America/Los_Angeles", 90, angeles)
    )
    assert begin == datetime(2026, 11, 1, 8, 30, tzinfo=UTC)


def test_many_at_once_are_what_they_are_one_by_one() -> None:
    at = datetime(2026, 3, 7, tzinfo=UTC)
    moments = [at + timedelta(minutes=17 * n) for n in range(500)]
    micros = np.array([timestamps.to_micros(moment) for moment in moments])
    found = community_days.days_of("America/Los_Angeles", 120, micros)
    one_by_one = [
        community_days.day_of("America/Los_Angeles", 120, at) for at in moments
    ]
    assert found.tolist() == one_by_one


def test_no_instants_have_no_days() -> None:
    assert community_days.days_of("UTC", 0, np.array([], dtype=np.int64)).size == 0


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        community_days.day_of("UTC", 0, datetime(2026, 1, 1))  # noqa: DTZ001

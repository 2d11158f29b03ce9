from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from qunce.core import community_days, timestamps
from tests import shares

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


@hypothesis.settings(max_examples=shares.examples(150))
@hypothesis.given(st.sampled_from(ZONES), starts, near_changes | moments)
def test_current_day_is_the_last_whose_start_the_clock_has_shown(
    zone: str, start: int, moment: datetime
) -> None:
    found = community_days.to_date(community_days.day_of(zone, start, moment))
    assert found == slow_day(zone, start, moment.replace(second=0, microsecond=0))


@hypothesis.given(st.sampled_from(ZONES), starts, st.integers(10_957, 23_741))
def test_days_have_no_gaps_and_do_not_overlap(zone: str, start: int, day: int) -> None:
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
def test_length_of_a_day_follows_clock_changes(
    zone: str, day: date, hours: int
) -> None:
    number = community_days.from_date(day)
    length = community_days.start_of(zone, 0, number + 1) - community_days.start_of(
        zone, 0, number
    )
    assert length == hours * 60 * MINUTE


def test_day_starts_with_the_jump_if_the_clock_skips_its_start() -> None:
    cairo = community_days.from_date(date(2026, 4, 24))
    begin = timestamps.from_micros(community_days.start_of("Africa/Cairo", 0, cairo))
    assert begin == datetime(2026, 4, 23, 22, tzinfo=UTC)
    assert begin.astimezone(ZoneInfo("Africa/Cairo")).time() == time(1)


def test_day_starts_at_the_first_of_two_equal_clock_times() -> None:
    angeles = community_days.from_date(date(2026, 11, 1))
    begin = timestamps.from_micros(
        community_days.start_of("America/Los_Angeles", 90, angeles)
    )
    assert begin == datetime(2026, 11, 1, 8, 30, tzinfo=UTC)


def test_days_of_many_timestamps_equal_those_of_each() -> None:
    at = datetime(2026, 3, 7, tzinfo=UTC)
    moments = [at + timedelta(minutes=17 * n) for n in range(500)]
    micros = np.array([timestamps.to_micros(moment) for moment in moments])
    found = community_days.days_of("America/Los_Angeles", 120, micros)
    one_by_one = [
        community_days.day_of("America/Los_Angeles", 120, at) for at in moments
    ]
    assert found.tolist() == one_by_one


def test_no_timestamps_have_no_days() -> None:
    days = community_days.days_of("UTC", 0, np.array([], dtype=np.int64))
    assert (days.size, days.ndim) == (0, 1)


def test_naive_datetime_is_rejected() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        community_days.day_of("UTC", 0, datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
def test_days_at_the_ends_of_the_calendar_have_a_start(zone: str) -> None:
    days = [community_days.from_date(date(*day)) for day in ((1, 1, 1), (9999, 12, 31))]
    first, last = (
        community_days.start_of(zone, 0, day) for day in (days[0] - 1, days[1] + 1)
    )
    assert first < community_days.start_of(zone, 0, 0) < last

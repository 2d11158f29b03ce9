"""E1: days and streaks, by tables written by hand and against a slow oracle."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.activities.check_ins import streaks
from qunce.activities.check_ins.streaks import RestDays
from qunce.core import community_days
from qunce.core.communities import Community

NO_REST = RestDays()
SHANGHAI = Community(timezone="Asia/Shanghai", day_start=0)
LOS_ANGELES = Community(timezone="America/Los_Angeles", day_start=0)
CAIRO = Community(timezone="Africa/Cairo", day_start=0)
NIGHT_OWLS = Community(timezone="Asia/Shanghai", day_start=240)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


DAYS = [
    # Shanghai is 8 hours ahead of UTC, always.
    (SHANGHAI, "2026-03-05T15:59:59", "2026-03-05"),
    (SHANGHAI, "2026-03-05T16:00:00", "2026-03-06"),
    # Los Angeles: 8 hours behind, and 7 from 2026-03-08 02:00 until 2026-11-01 02:00.
    (LOS_ANGELES, "2026-03-08T07:59:59", "2026-03-07"),
    (LOS_ANGELES, "2026-03-08T08:00:00", "2026-03-08"),
    (LOS_ANGELES, "2026-03-09T06:59:59", "2026-03-08"),
    (LOS_ANGELES, "2026-03-09T07:00:00", "2026-03-09"),
    (LOS_ANGELES, "2026-11-01T06:59:59", "2026-10-31"),
    (LOS_ANGELES, "2026-11-01T07:00:00", "2026-11-01"),
    (LOS_ANGELES, "2026-11-02T07:59:59", "2026-11-01"),
    (LOS_ANGELES, "2026-11-02T08:00:00", "2026-11-02"),
    # Cairo: 2026-04-24 begins at 01:00, and 2026-10-30 shows 23:00 to 24:00 before it twice.
    (CAIRO, "2026-04-23T21:59:59", "2026-04-23"),
    (CAIRO, "2026-04-23T22:00:00", "2026-04-24"),
    (CAIRO, "2026-10-29T20:59:59", "2026-10-29"),
    (CAIRO, "2026-10-29T21:59:59", "2026-10-29"),
    (CAIRO, "2026-10-29T22:00:00", "2026-10-30"),
    # Days that start at 04:00.
    (NIGHT_OWLS, "2026-03-05T19:59:59", "2026-03-05"),
    (NIGHT_OWLS, "2026-03-05T20:00:00", "2026-03-06"),
]


@pytest.mark.parametrize(("community", "at", "day"), DAYS)
def test_a_check_in_counts_for_the_community_day(
    community: Community, at: str, day: str
) -> None:
    found = streaks.day_of(community, at=utc(at), served_at=None)
    assert community_days.to_date(found).isoformat() == day


TAPS = [
    # Taps, the moment of the question, and the days in a row then
    (
        SHANGHAI,
        ["2026-03-05T15:59:59", "2026-03-05T16:00:00"],
        "2026-03-07T15:59:59",
        2,
    ),
    (
        SHANGHAI,
        ["2026-03-05T15:59:59", "2026-03-05T16:00:00"],
        "2026-03-07T16:00:00",
        0,
    ),
    # The day of 23 hours in Los Angeles, and the one of 25.
    (
        LOS_ANGELES,
        ["2026-03-08T07:59:59", "2026-03-09T06:59:59", "2026-03-09T07:00:00"],
        "2026-03-09T08:00:00",
        3,
    ),
    (
        LOS_ANGELES,
        ["2026-03-08T07:59:59", "2026-03-09T07:00:00"],
        "2026-03-09T08:00:00",
        1,
    ),
    (
        LOS_ANGELES,
        ["2026-11-01T06:59:59", "2026-11-02T07:59:59"],
        "2026-11-03T07:59:59",
        2,
    ),
    (
        LOS_ANGELES,
        ["2026-11-01T06:59:59", "2026-11-02T08:00:00"],
        "2026-11-02T08:00:00",
        1,
    ),
    # Cairo: April 24 begins at 01:00, and October 29 ends an hour later.
    (CAIRO, ["2026-04-23T21:59:59", "2026-04-24T20:59:59"], "2026-04-25T20:59:59", 2),
    (CAIRO, ["2026-04-23T21:59:59", "2026-04-24T21:00:00"], "2026-04-24T21:00:00", 1),
    (CAIRO, ["2026-10-28T20:59:59", "2026-10-29T21:59:59"], "2026-10-29T22:00:00", 2),
    (CAIRO, ["2026-10-28T20:59:59", "2026-10-29T22:00:00"], "2026-10-29T22:00:00", 1),
    # Days that start at 04:00.
    (
        NIGHT_OWLS,
        ["2026-03-05T19:59:59", "2026-03-05T20:00:00"],
        "2026-03-07T19:59:59",
        2,
    ),
    (
        NIGHT_OWLS,
        ["2026-03-05T16:30:00", "2026-03-05T19:59:59"],
        "2026-03-05T20:00:00",
        1,
    ),
]


@pytest.mark.parametrize(("community", "taps", "at", "length"), TAPS)
def test_streaks_follow_the_days_of_the_community(
    community: Community, taps: list[str], at: str, length: int
) -> None:
    days = {streaks.day_of(community, at=utc(tap), served_at=None) for tap in taps}
    found = streaks.compute(days, NO_REST)
    assert found.current(community.day(utc(at)), NO_REST) == length


LATE = [
    # Served before midnight in Shanghai (16:00 UTC), and arrived after it.
    ("2026-03-05T15:59:00", "2026-03-05T16:09:59", "2026-03-05"),
    ("2026-03-05T15:59:00", "2026-03-05T16:10:00", "2026-03-05"),
    ("2026-03-05T15:59:00", "2026-03-05T16:10:01", "2026-03-06"),
    ("2026-03-05T16:00:00", "2026-03-05T16:01:00", "2026-03-06"),
    ("2026-03-04T15:59:00", "2026-03-05T16:01:00", "2026-03-06"),
    ("2026-03-06T15:00:00", "2026-03-05T16:01:00", "2026-03-06"),
]


@pytest.mark.parametrize(("served", "at", "day"), LATE)
def test_a_page_of_yesterday_counts_for_it_for_ten_minutes(
    served: str, at: str, day: str
) -> None:
    found = streaks.day_of(SHANGHAI, at=utc(at), served_at=utc(served))
    assert community_days.to_date(found).isoformat() == day


def test_a_page_of_a_taken_day_counts_for_the_next_one() -> None:
    at, served = utc("2026-03-05T16:01:00"), utc("2026-03-05T15:59:00")
    taken = {community_days.from_date(date(2026, 3, 5))}
    found = streaks.day_of(SHANGHAI, at=at, served_at=served, taken=taken)
    assert community_days.to_date(found) == date(2026, 3, 6)


def test_what_was_said_before_midnight_counts_for_that_day() -> None:
    said, at = utc("2026-03-05T15:59:59"), utc("2026-03-05T18:00:00")
    found = streaks.day_of(SHANGHAI, at=at, served_at=None, said_at=said)
    assert community_days.to_date(found) == date(2026, 3, 5)


MONDAY = community_days.from_date(date(2026, 3, 2))
WEEKEND = RestDays(frozenset({5, 6}))
WEEK = [
    # days from Monday, today, rest, current, longest
    ({0, 1, 2}, 2, NO_REST, 3, 3),
    ({0, 1, 2}, 3, NO_REST, 3, 3),
    ({0, 1, 2}, 4, NO_REST, 0, 3),
    ({0, 1, 3}, 3, NO_REST, 1, 2),
    ({3, 4}, 7, WEEKEND, 2, 2),
    ({3, 4, 7}, 7, WEEKEND, 3, 3),
    ({3, 4, 5, 7}, 7, WEEKEND, 4, 4),
    ({3, 4, 8}, 8, WEEKEND, 1, 2),
    (set(), 0, NO_REST, 0, 0),
]


@pytest.mark.parametrize(("days", "today", "rest", "current", "longest"), WEEK)
def test_streaks_of_a_week(
    days: set[int], today: int, rest: RestDays, current: int, longest: int
) -> None:
    streak = streaks.compute({MONDAY + day for day in days}, rest)
    assert streak.current(MONDAY + today, rest) == current
    assert streak.longest == longest
    assert streak.total == len(days)


def test_missed_days_are_those_that_a_card_can_fill() -> None:
    days = {MONDAY, MONDAY + 2}
    missed = streaks.list_missed(
        days, WEEKEND, first=MONDAY - 1, today=MONDAY + 4, within=30
    )
    # The Sunday before is a day of rest, and today is not missed yet.
    assert missed == [MONDAY + 3, MONDAY + 1]
    assert streaks.list_missed(
        days, WEEKEND, first=MONDAY, today=MONDAY + 4, within=1
    ) == [MONDAY + 3]


def oracle(days: set[int], rest: RestDays, today: int) -> int:
    """Count back from today, day by day."""
    length, day = 0, today
    while day > min(days, default=today) - 1:
        if day in days:
            length += 1
        elif day not in rest and day != today:
            return length
        day -= 1
    return length


@given(
    days=st.sets(st.integers(0, 40), max_size=30),
    weekdays=st.frozensets(st.integers(0, 6), max_size=4),
    single=st.frozensets(st.integers(0, 40), max_size=4),
    after=st.integers(0, 4),
)
def test_streaks_equal_counting_by_hand(
    days: set[int], weekdays: frozenset[int], single: frozenset[int], after: int
) -> None:
    rest = RestDays(weekdays, single)
    today = max(days, default=0) + after
    streak = streaks.compute(days, rest)
    assert streak.current(today, rest) == oracle(days, rest, today)
    assert streak.longest == max((oracle(days, rest, day) for day in days), default=0)

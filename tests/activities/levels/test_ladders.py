"""Levels are a function of points, thresholds, grace and the day, as the oracle says (E9)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qunce.activities.levels import ladders
from qunce.activities.levels.ladders import NONE, Counting, Floor, Ladder
from qunce.activities.levels.models import Period
from qunce.core import community_days
from tests.activities.levels import oracle

TODAY = date(2026, 3, 5)
MOST_GRACE = {"month": 27, "quarter": 60, "year": 60, "rolling": 20}


def ladder(period: str, days: int, grace: int, *thresholds: int) -> Ladder:
    steps = tuple(((0, needed),) for needed in thresholds)
    return Ladder((Counting(Period(period), days, grace),), steps)


@st.composite
def histories(draw: st.DrawFn) -> dict[str, object]:
    period = draw(st.sampled_from(["month", "quarter", "year", "rolling"]))
    span = 900 if period == "year" else 250
    days = st.integers(-span, 0).map(lambda back: TODAY + timedelta(days=back))
    earned = draw(st.lists(st.tuples(days, st.integers(1, 60)), max_size=8))
    return {
        "period": period,
        "days": draw(st.integers(7, 60)),
        "grace": draw(st.integers(0, MOST_GRACE[period])),
        "thresholds": sorted(
            draw(st.lists(st.integers(1, 150), min_size=1, max_size=4, unique=True))
        ),
        "earned": sorted(earned),
        "on": TODAY,
    }


@given(histories())
@settings(max_examples=400, deadline=None)
def test_level_and_its_last_day_are_those_of_the_oracle(history: dict) -> None:  # type: ignore[type-arg]
    made = ladder(
        history["period"], history["days"], history["grace"], *history["thresholds"]
    )
    earned = [(oracle.number(day), points) for day, points in history["earned"]]
    found = made.stand(earned, [], oracle.number(TODAY))
    assert found.index == oracle.level(**history)
    last = oracle.until(**history)
    assert found.until == (None if last is None else oracle.number(last))
    # The same through the long way, which knows floors.
    floor = Floor(0, 1, 0)
    assert made.stand(earned, [floor], oracle.number(TODAY)) == found


@given(histories(), st.integers(-40, 40), st.integers(1, 40))
@settings(max_examples=150, deadline=None)
def test_membership_is_a_floor(history: dict, begins: int, length: int) -> None:  # type: ignore[type-arg]
    made = ladder(
        history["period"], history["days"], history["grace"], *history["thresholds"]
    )
    earned = [(oracle.number(day), points) for day, points in history["earned"]]
    today = oracle.number(TODAY)
    floor = Floor(today + begins, today + begins + length, len(made.levels) - 1)
    for day in range(today, today + 50, 7):
        plain = made.decide(earned, [], day)
        expected = floor.index if floor.first <= day <= floor.last else plain
        assert made.decide(earned, [floor], day) == max(plain, expected)
    now = made.stand(earned, [floor], today)
    if now.index != NONE and now.until is not None:
        assert made.decide(earned, [floor], now.until) >= now.index
        assert made.decide(earned, [floor], now.until + 1) < now.index


def test_quarter_is_kept_for_the_next_one_and_lost_after_the_grace() -> None:
    made = ladder("quarter", 90, 14, 100, 500)
    earned = [(oracle.number(date(2026, 1, 20)), 500)]

    def on(*ymd: int) -> int:
        return made.decide(earned, [], oracle.number(date(*ymd)))

    assert on(2026, 1, 20) == 1
    assert on(2026, 6, 30) == 1
    assert on(2026, 7, 14) == 1
    assert on(2026, 7, 15) == NONE
    # What was earned in the second quarter keeps the lower level.
    earned.append((oracle.number(date(2026, 6, 30)), 100))
    assert on(2026, 7, 15) == 0
    assert on(2026, 10, 15) == NONE


def test_lower_threshold_holds_now_and_higher_one_from_the_next_period() -> None:
    counting = [Counting(Period.MONTH, 30, 0)]
    today, first = oracle.number(TODAY), oracle.number(date(2026, 3, 1))
    following = oracle.number(date(2026, 4, 1))
    steps = [(0, 100)]
    lower = ladders.steps_after(steps, 50, counting, today)
    assert lower == [(0, 100), (first, 50)]
    higher = ladders.steps_after(steps, 200, counting, today)
    assert higher == [(0, 100), (following, 200)]
    assert ladders.points_on(higher, following - 1) == 100
    assert ladders.points_on(higher, following) == 200
    # A change that is taken back before it holds leaves nothing behind.
    assert ladders.steps_after(higher, 100, counting, today) == steps
    gone = ladders.steps_after(steps, None, counting, today)
    assert ladders.points_on(gone, following) is None
    assert ladders.points_on(gone, today) == 100
    rolling = [Counting(Period.ROLLING, 30, 0)]
    assert ladders.steps_after(steps, 200, rolling, today) == [
        (0, 100),
        (today + 30, 200),
    ]


@given(
    histories(),
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 200)), max_size=4),
)
@settings(max_examples=150, deadline=None)
def test_no_change_takes_a_reached_level_away_within_its_period(
    history: dict,  # type: ignore[type-arg]
    changes: list[tuple[int, int]],
) -> None:
    counting = Counting(Period(history["period"]), history["days"], history["grace"])
    steps: list[tuple[int, int | None]] = [(0, history["thresholds"][0])]
    earned = [(oracle.number(day), points) for day, points in history["earned"]]
    day = oracle.number(TODAY)
    for later, points in changes:
        day += later
        before = Ladder((counting,), (tuple(steps),))
        end = counting.next_start(day)
        steps = ladders.steps_after(steps, points, [counting], day)
        after = Ladder((counting,), (tuple(steps),))
        for each in (day, (day + end) // 2, end - 1):
            assert after.decide(earned, [], each) >= before.decide(earned, [], each)


TABLE = [
    # zone, start of day, moment in UTC, points count in the month of
    ("Asia/Shanghai", 0, "2026-03-31T15:59:59", "2026-03"),
    ("Asia/Shanghai", 0, "2026-03-31T16:00:00", "2026-04"),
    ("Asia/Shanghai", 240, "2026-03-31T19:59:59", "2026-03"),
    ("Asia/Shanghai", 240, "2026-03-31T20:00:00", "2026-04"),
    # Los Angeles: clocks go forward on 8 March and back on 1 November 2026.
    ("America/Los_Angeles", 0, "2026-03-01T07:59:59", "2026-02"),
    ("America/Los_Angeles", 0, "2026-03-01T08:00:00", "2026-03"),
    ("America/Los_Angeles", 0, "2026-04-01T06:59:59", "2026-03"),
    ("America/Los_Angeles", 0, "2026-04-01T07:00:00", "2026-04"),
    ("America/Los_Angeles", 0, "2026-11-01T06:59:59", "2026-10"),
    ("America/Los_Angeles", 0, "2026-11-01T07:00:00", "2026-11"),
    ("America/Los_Angeles", 240, "2026-11-01T11:59:59", "2026-10"),
    ("America/Los_Angeles", 240, "2026-11-01T12:00:00", "2026-11"),
    ("America/Los_Angeles", 0, "2026-12-01T07:59:59", "2026-11"),
    ("America/Los_Angeles", 0, "2026-12-01T08:00:00", "2026-12"),
    # Cairo: clocks go forward at midnight of Friday, 24 April 2026.
    ("Africa/Cairo", 0, "2026-03-31T21:59:59", "2026-03"),
    ("Africa/Cairo", 0, "2026-03-31T22:00:00", "2026-04"),
    ("Africa/Cairo", 0, "2026-04-30T20:59:59", "2026-04"),
    ("Africa/Cairo", 0, "2026-04-30T21:00:00", "2026-05"),
    ("Africa/Cairo", 0, "2026-10-31T21:59:59", "2026-10"),
    ("Africa/Cairo", 0, "2026-10-31T22:00:00", "2026-11"),
]


@pytest.mark.parametrize(("zone", "start", "moment", "month"), TABLE)
def test_periods_end_with_the_day_of_the_community(
    zone: str, start: int, moment: str, month: str
) -> None:
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    day = community_days.day_of(zone, start, at)
    counting = Counting(Period.MONTH, 30, 3)
    first = date.fromisoformat(f"{month}-01")
    assert community_days.to_date(counting.start(day)) == first
    # Of what was earned two months before, the days of grace are left.
    made = ladder("month", 30, 3, 10)
    earned_on = (first.replace(day=1) - timedelta(days=32)).replace(day=1)
    earned = [(oracle.number(earned_on), 10)]
    is_in_grace = community_days.to_date(day) < first + timedelta(days=3)
    assert (made.decide(earned, [], day) == 0) == is_in_grace


def test_points_to_the_next_level() -> None:
    made = ladder("month", 30, 0, 100, 300)
    earned = [(oracle.number(date(2026, 2, 3)), 350), (oracle.number(TODAY), 40)]
    today = oracle.number(TODAY)
    assert made.decide(earned, [], today) == 1
    assert made.points_in_period(earned, today) == 40
    assert made.points_to_next(earned, 1, today) is None
    assert made.points_to_next(earned, 0, today) == (1, 260)
    assert made.points_to_next(earned, NONE, today) == (0, 60)

"""The clock of the oracle, against known days and against the engine."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.core import community_days
from tests.oracle import strategies
from tests.oracle.clock import Clock

KNOWN_DAYS = [
    # zone, start, UTC, community day
    ("Asia/Shanghai", 0, "2026-03-01T15:59:59.999999", "2026-03-01"),
    ("Asia/Shanghai", 0, "2026-03-01T16:00:00", "2026-03-02"),
    ("Asia/Shanghai", 240, "2026-03-01T19:59:59", "2026-03-01"),
    ("Asia/Shanghai", 240, "2026-03-01T20:00:00", "2026-03-02"),
    # A day of 23 hours and one of 25.
    ("America/Los_Angeles", 0, "2026-03-08T07:59:59", "2026-03-07"),
    ("America/Los_Angeles", 0, "2026-03-08T08:00:00", "2026-03-08"),
    ("America/Los_Angeles", 0, "2026-03-09T06:59:59", "2026-03-08"),
    ("America/Los_Angeles", 0, "2026-03-09T07:00:00", "2026-03-09"),
    ("America/Los_Angeles", 0, "2026-11-01T07:00:00", "2026-11-01"),
    ("America/Los_Angeles", 0, "2026-11-02T07:59:59", "2026-11-01"),
    ("America/Los_Angeles", 0, "2026-11-02T08:00:00", "2026-11-02"),
    # 2:30 is skipped in March, so the day begins with the jump. 1:30 is shown twice in
    # November, and the day begins with the first one.
    ("America/Los_Angeles", 150, "2026-03-08T09:59:59", "2026-03-07"),
    ("America/Los_Angeles", 150, "2026-03-08T10:00:00", "2026-03-08"),
    ("America/Los_Angeles", 90, "2026-11-01T08:29:59", "2026-10-31"),
    ("America/Los_Angeles", 90, "2026-11-01T08:30:00", "2026-11-01"),
    ("America/Los_Angeles", 90, "2026-11-01T09:15:00", "2026-11-01"),
    # Cairo skips midnight itself, and shows the hour before it twice.
    ("Africa/Cairo", 0, "2026-04-23T21:59:59", "2026-04-23"),
    ("Africa/Cairo", 0, "2026-04-23T22:00:00", "2026-04-24"),
    ("Africa/Cairo", 0, "2026-10-29T20:59:59", "2026-10-29"),
    ("Africa/Cairo", 0, "2026-10-29T21:00:00", "2026-10-29"),
    ("Africa/Cairo", 0, "2026-10-29T22:00:00", "2026-10-30"),
]


@pytest.mark.parametrize(("zone", "start", "moment", "day"), KNOWN_DAYS)
def test_day_begins_when_its_start_is_first_shown(
    zone: str, start: int, moment: str, day: str
) -> None:
    instant = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    assert Clock(zone, start).day(instant) == date.fromisoformat(day)
    assert community_days.to_date(
        community_days.day_of(zone, start, instant)
    ) == date.fromisoformat(day)


@given(st.data())
def test_engine_agrees_with_the_wall_clock(data: st.DataObject) -> None:
    setting = data.draw(strategies.settings)
    moment = data.draw(strategies.times(setting))
    engine = community_days.day_of(setting.clock.zone, setting.clock.start, moment)
    assert community_days.to_date(engine) == setting.clock.day(moment)


@given(
    st.sampled_from(
        ["America/Sao_Paulo", "Europe/Lisbon", "Asia/Tehran", "Pacific/Apia"]
    ),
    st.integers(0, 1439),
    st.datetimes(datetime(2005, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_engine_agrees_in_other_zones(zone: str, start: int, moment: datetime) -> None:
    engine = community_days.day_of(zone, start, moment)
    assert community_days.to_date(engine) == Clock(zone, start).day(moment)

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.core import timestamps
from qunce.importing.values import dates, value_parsing

ZONES = [
    ZoneInfo(name) for name in ("Asia/Shanghai", "America/Los_Angeles", "Africa/Cairo")
]
NAIVE = st.datetimes(
    datetime.fromisoformat("1971-01-02"), datetime.fromisoformat("2100-01-01")
)


def search_minute(naive: datetime, zone: ZoneInfo) -> int:
    """The first UTC minute, looked at one by one, whose wall clock shows `naive`."""
    clock = naive.replace(second=0, microsecond=0)
    rest = naive - clock
    start = naive.replace(tzinfo=UTC) - timedelta(hours=15)
    start = start.replace(second=0, microsecond=0)
    for minute in range(30 * 60):
        moment = start + timedelta(minutes=minute)
        if moment.astimezone(zone).replace(tzinfo=None) == clock:
            return timestamps.to_micros(moment + rest)
    # Skipped by the clocks: counted on from the offset before.
    before = (start.astimezone(zone).utcoffset()) or timedelta()
    return timestamps.to_micros(naive.replace(tzinfo=UTC) - before)


@given(NAIVE, st.sampled_from(ZONES))
def test_local_time_is_the_first_instant_with_that_clock_time(
    naive: datetime, zone: ZoneInfo
) -> None:
    assert dates.to_micros(naive.isoformat(" "), zone) == search_minute(naive, zone)


@given(st.lists(NAIVE, max_size=20), st.sampled_from(ZONES), st.booleans())
def test_column_is_parsed_like_its_texts_one_by_one(
    values: list[datetime], zone: ZoneInfo, with_odd_one: bool
) -> None:
    texts = [naive.isoformat() for naive in values] + ["2026/3/5 9:07"] * with_odd_one
    column = value_parsing.parse_instants(pa.array(texts, pa.string()), zone, "")
    assert column.values.to_pylist() == [dates.to_micros(t, zone) for t in texts]
    assert not column.errors


@given(NAIVE, st.integers(-14 * 60, 14 * 60))
def test_time_with_an_offset_does_not_depend_on_the_zone(
    naive: datetime, minutes: int
) -> None:
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    expected = timestamps.to_micros(moment)
    text = moment.isoformat()
    assert dates.to_micros(text, ZONES[0]) == expected
    column = value_parsing.parse_instants(pa.array([text]), ZONES[0], "")
    assert column.values.to_pylist() == [expected]


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("2026-03-05", "2026-03-05 00:00"),
        ("2026/3/5 9:07", "2026-03-05 09:07"),
        ("2026.3.5 9:07:08", "2026-03-05 09:07:08"),
        ("2026年3月5日 9时07分", "2026-03-05 09:07"),
        ("2026年3月5日 下午 3:07", "2026-03-05 15:07"),
        ("2026年3月5日", "2026-03-05 00:00"),
        ("２０２６－０３－０５", "2026-03-05 00:00"),
        ("20260305", "2026-03-05 00:00"),
        ("20260305090708", "2026-03-05 09:07:08"),
        ("46086", "2026-03-05 00:00"),
        ("46086.5", "2026-03-05 12:00"),
        ("25/12/2010 8:26", "2010-12-25 08:26"),
        ("12/25/2010 12:26 PM", "2010-12-25 12:26"),
        ("12/25/10 12:26 am", "2010-12-25 00:26"),
        ("2026-02-30", None),
        ("2026-03-05 25:00", None),
        ("12/1/2010", None),
        ("昨天", None),
        ("5", None),
        ("2026-03-05 09:07 +99:00", None),
    ],
)
def test_dates_in_many_notations(text: str, clock: str | None) -> None:
    if clock is None:
        with pytest.raises(dates.InvalidDate):
            dates.parse(text)
    else:
        assert dates.parse(text) == (datetime.fromisoformat(clock), None)


def test_seconds_and_milliseconds_since_1970_are_utc() -> None:
    expected = timestamps.to_micros(datetime(2026, 3, 5, 9, 7, tzinfo=UTC))
    seconds = expected // 1_000_000
    for text in (str(seconds), f"{seconds}000", f"{seconds}000000", f"{seconds}.0"):
        assert dates.to_micros(text, ZONES[0]) == expected


@given(st.lists(st.dates(), min_size=1), st.booleans())
def test_column_decides_the_order_of_its_dates(
    values: list[date], day_first: bool
) -> None:
    texts = [
        f"{d.day}/{d.month}/{d.year:04}"
        if day_first
        else f"{d.month}/{d.day}/{d.year:04}"
        for d in values
    ]
    order = dates.DAY_FIRST if day_first else dates.MONTH_FIRST
    orders = set.intersection(*(set(dates.readings(text)) for text in texts))
    assert order in orders
    assert (len(orders) == 1) == any(d.day > 12 for d in values)
    for text, day in zip(texts, values, strict=True):
        assert dates.to_date(text, order) == day

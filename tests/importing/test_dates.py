from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.core import timestamps
from qunce.importing import dates, typed_columns

ZONES = [
    ZoneInfo(name) for name in ("Asia/Shanghai", "America/Los_Angeles", "Africa/Cairo")
]
NAIVE = st.datetimes(
    datetime.fromisoformat("1971-01-02"), datetime.fromisoformat("2100-01-01")
)


def slowly(naive: datetime, zone: ZoneInfo) -> int:
    """The first UTC minute, looked at one by one, whose wall clock shows `naive`."""
    shown = naive.replace(second=0, microsecond=0)
    rest = naive - shown
    start = naive.replace(tzinfo=UTC) - timedelta(hours=15)
    start = start.replace(second=0, microsecond=0)
    for minute in range(30 * 60):
        moment = start + timedelta(minutes=minute)
        if moment.astimezone(zone).replace(tzinfo=None) == shown:
            return timestamps.to_micros(moment + rest)
    # Skipped by the clocks: counted on from the offset before.
    before = (start.astimezone(zone).utcoffset()) or timedelta()
    return timestamps.to_micros(naive.replace(tzinfo=UTC) - before)


@given(NAIVE, st.sampled_from(ZONES))
def test_a_local_time_is_the_first_moment_at_which_it_is_shown(
    naive: datetime, zone: ZoneInfo
) -> None:
    assert dates.to_micros(naive.isoformat(" "), zone) == slowly(naive, zone)


@given(st.lists(NAIVE, max_size=20), st.sampled_from(ZONES), st.booleans())
def test_a_column_is_read_as_its_texts_one_by_one(
    some: list[datetime], zone: ZoneInfo, with_odd_one: bool
) -> None:
    texts = [naive.isoformat() for naive in some] + ["2026/3/5 9:07"] * with_odd_one
    column = typed_columns.parse_instants(pa.array(texts, pa.string()), zone, "")
    assert column.values.to_pylist() == [dates.to_micros(t, zone) for t in texts]
    assert not column.errors


@given(NAIVE, st.integers(-14 * 60, 14 * 60))
def test_an_offset_says_it_all(naive: datetime, minutes: int) -> None:
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    wanted = timestamps.to_micros(moment)
    text = moment.isoformat()
    assert dates.to_micros(text, ZONES[0]) == wanted
    column = typed_columns.parse_instants(pa.array([text]), ZONES[0], "")
    assert column.values.to_pylist() == [wanted]


@pytest.mark.parametrize(
    ("text", "shown"),
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
def test_writings(text: str, shown: str | None) -> None:
    if shown is None:
        with pytest.raises(dates.InvalidDate):
            dates.parse(text)
    else:
        assert dates.parse(text) == (datetime.fromisoformat(shown), None)


def test_seconds_and_milliseconds_since_1970_are_utc() -> None:
    wanted = timestamps.to_micros(datetime(2026, 3, 5, 9, 7, tzinfo=UTC))
    seconds = wanted // 1_000_000
    for text in (str(seconds), f"{seconds}000", f"{seconds}000000", f"{seconds}.0"):
        assert dates.to_micros(text, ZONES[0]) == wanted


@given(st.lists(st.dates(), min_size=1), st.booleans())
def test_a_column_tells_the_order_of_its_dates(
    some: list[date], day_first: bool
) -> None:
    texts = [
        f"{d.day}/{d.month}/{d.year:04}"
        if day_first
        else f"{d.month}/{d.day}/{d.year:04}"
        for d in some
    ]
    order = dates.DAY_FIRST if day_first else dates.MONTH_FIRST
    found = dates.possible_orders(texts)
    assert order in found
    assert (len(found) == 1) == any(d.day > 12 for d in some)
    for text, day in zip(texts, some, strict=True):
        assert dates.to_date(text, order) == day

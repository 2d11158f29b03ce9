from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.console.today import snoozes

ZONE = ZoneInfo("Asia/Shanghai")
MOMENTS = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2030, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@given(MOMENTS, st.sampled_from(snoozes.SPANS))
def test_snooze_ends_later_and_within_two_days(at: datetime, span: str) -> None:
    end = snoozes.end_of_span(span, at=at, zone=ZONE)
    assert at < end <= at + timedelta(days=2)


@given(MOMENTS)
def test_tonight_and_tomorrow_end_at_fixed_hours(
    at: datetime,
) -> None:
    local = at.astimezone(ZONE)
    evening = snoozes.end_of_span("tonight", at=at, zone=ZONE).astimezone(ZONE)
    morning = snoozes.end_of_span("tomorrow", at=at, zone=ZONE).astimezone(ZONE)
    assert (evening.hour, evening.minute) == (20, 0)
    assert (morning.hour, morning.date()) == (8, local.date() + timedelta(days=1))


def test_unknown_span_is_rejected() -> None:
    with pytest.raises(snoozes.UnknownSpan, match=r"In an hour.*Tonight.*Tomorrow"):
        snoozes.end_of_span("never", at=datetime(2026, 1, 1, tzinfo=UTC), zone=ZONE)


@given(st.lists(st.text(min_size=1), unique=True), st.data())
def test_every_item_is_either_shown_or_snoozed(
    keys: list[str], data: st.DataObject
) -> None:
    snoozed = {key for key in keys if data.draw(st.booleans())}
    at = datetime(2026, 1, 1, tzinfo=UTC)
    shown, hidden = snoozes.partition(keys, dict.fromkeys(snoozed, at))
    assert set(hidden) == snoozed
    assert [key for key in keys if key not in snoozed] == shown

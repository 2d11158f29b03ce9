from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.core import timestamps
from qunce.members.attributes import parsing as value_parsing

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("number", "1,234.5", "1234.5"),
        ("number", Decimal("-0.0001"), "-0.0001"),
        ("number", 12, "12"),
        ("date", "2026/3/5", "2026-03-05"),
        ("date", "2026年3月5日", "2026-03-05"),
        ("date", date(2026, 3, 5), "2026-03-05"),
        ("instant", "2026/3/5 9:07", "2026-03-05 09:07:00+08:00"),
        ("instant", "2026-03-05T09:07:08Z", "2026-03-05 17:07:08+08:00"),
        ("instant", "2026-03-05 09:07:08+0530", "2026-03-05 11:37:08+08:00"),
        ("instant", "2026-03-05", "2026-03-05 00:00:00+08:00"),
        ("bool", "是", "yes"),
        ("bool", False, "no"),
        ("bool", "0", "no"),
        ("choice", " Wuxi ", "Wuxi"),
    ],
)
def test_value_is_parsed_and_formatted(kind: str, value: Any, text: str) -> None:
    (stored,) = value_parsing.parse(kind, value, ZONE)
    assert value_parsing.format_value(kind, *stored, ZONE) == text


def test_multi_value_has_one_row_per_text() -> None:
    rows = value_parsing.parse("multi", "tea；milk; tea", ZONE)
    assert rows == [(None, "milk"), (None, "tea")]
    assert value_parsing.parse("multi", ["a"], ZONE) == [(None, "a")]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("number", "ten"),
        ("number", "1.00001"),
        ("number", "NaN"),
        ("number", "1e40"),
        ("number", True),
        ("date", "2026-02-30"),
        ("date", "soon"),
        ("instant", "2026-03-05 25:00"),
        ("bool", "maybe"),
    ],
)
def test_invalid_values_are_rejected(kind: str, value: Any) -> None:
    with pytest.raises(value_parsing.InvalidValue):
        value_parsing.parse(kind, value, ZONE)


@given(st.decimals(-(10**9), 10**9, places=4))
def test_decimals_survive_a_round_trip(number: Decimal) -> None:
    stored = value_parsing.parse_number(number)
    assert Decimal(value_parsing.format_decimal(stored)) == number


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_timestamps_survive_a_round_trip(moment: datetime) -> None:
    assert value_parsing.parse_timestamp(moment.isoformat(), ZONE) == moment
    assert value_parsing.parse_timestamp(moment.isoformat(" "), ZONE) == moment
    ((micros, _),) = value_parsing.parse("instant", moment, ZONE)
    assert micros is not None
    assert timestamps.from_micros(micros) == moment

"""Days and hours as a community's own clock shows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from qunce.core import communities
from qunce.sets.mirror import deriver
from tests.shop import NOON, Shop, opened, paid

TICK = timedelta(microseconds=1)

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def shop() -> Shop:
    return opened()


DAYS = [
    # zone, now, first moment of the oldest of 30 days
    ("Asia/Shanghai", "2026-03-15T12:00+08:00", "2026-02-14T00:00+08:00"),
    ("America/Los_Angeles", "2026-03-15T12:00-07:00", "2026-02-14T00:00-08:00"),
    ("America/Los_Angeles", "2026-11-15T12:00-08:00", "2026-10-17T00:00-07:00"),
    ("Africa/Cairo", "2026-05-10T12:00+03:00", "2026-04-11T00:00+02:00"),
    ("Africa/Cairo", "2026-11-10T12:00+02:00", "2026-10-12T00:00+03:00"),
]


@pytest.mark.parametrize(("zone", "now", "first"), DAYS)
def test_30d_counts_community_days(zone: str, now: str, first: str) -> None:
    at, begin = datetime.fromisoformat(now), datetime.fromisoformat(first)
    shop = opened(at, zone)
    shop.add("abc")
    shop.buy("a", begin)
    shop.buy("b", begin - TICK)
    # Later today counts as today; tomorrow has not come.
    shop.buy("c", at + timedelta(hours=11), at + timedelta(hours=12))
    assert shop.ask(paid(within="30d")) == "ac"
    assert shop.ask(paid(before="30d")) == "b"
    assert shop.ask(paid(within="30d", times={"gte": 2})) == ""
    assert shop.ask(paid(within="30d", sum={"field": "amount", "eq": 100})) == "ac"
    assert shop.ask(paid(first={"within": "30d"})) == "ac"


LONG_DAYS = [
    # zone, day, how many hours it has
    ("America/Los_Angeles", "2026-03-08", 23),
    ("America/Los_Angeles", "2026-11-01", 25),
    ("Africa/Cairo", "2026-04-24", 23),
    ("Africa/Cairo", "2026-10-29", 25),
    ("Asia/Shanghai", "2026-03-08", 24),
]
BEGINS = {
    "2026-03-08 America/Los_Angeles": "2026-03-08T08:00",
    "2026-11-01 America/Los_Angeles": "2026-11-01T07:00",
    "2026-04-24 Africa/Cairo": "2026-04-23T22:00",
    "2026-10-29 Africa/Cairo": "2026-10-28T21:00",
    "2026-03-08 Asia/Shanghai": "2026-03-07T16:00",
}


@pytest.mark.parametrize(("zone", "day", "hours"), LONG_DAYS)
def test_day_windows_follow_clock_changes(zone: str, day: str, hours: int) -> None:
    begin = datetime.fromisoformat(BEGINS[f"{day} {zone}"]).replace(tzinfo=UTC)
    end = begin + timedelta(hours=hours)
    shop = opened(end + timedelta(hours=1), zone)
    shop.add("abcd")
    for member, time in zip(
        "abcd", (begin - TICK, begin, end - TICK, end), strict=True
    ):
        shop.buy(member, time)
    assert shop.ask(paid(between=[day, day])) == "bc"
    assert shop.ask(paid(before=day)) == "a"
    assert shop.ask(paid(since=day)) == "bcd"
    assert shop.ask(paid(within="1d")) == "d"
    assert shop.ask(paid(within="2d")) == "bcd"


def test_12h_is_exact_to_the_microsecond(shop: Shop) -> None:
    shop.add("abcd")
    span = timedelta(hours=12)
    times = (NOON - span, NOON - span + TICK, NOON, NOON + TICK)
    for member, time in zip("abcd", times, strict=True):
        shop.buy(member, time)
    assert shop.ask(paid(within="12h")) == "bc"


def test_changing_the_clock_moves_facts_to_their_new_days(shop: Shop) -> None:
    shop.add("a")
    shop.buy("a", NOON - timedelta(hours=12))  # midnight that begins today
    assert shop.ask(paid(within="1d")) == "a"
    communities.set_clock(
        community=shop.community, timezone="America/Los_Angeles", day_start=0
    )
    deriver.catch_up()
    assert shop.ask(paid(between=["2026-03-14", "2026-03-14"])) == "a"
    assert shop.ask(paid(between=["2026-03-15", "2026-03-15"])) == ""

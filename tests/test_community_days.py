"""Days and hours as a community's own clock shows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from qunce.core import communities
from qunce.core.communities import Community
from qunce.sets.mirror import deriver
from tests import factories

NOON = datetime(2026, 3, 15, 4, tzinfo=UTC)
"""Noon in Shanghai."""
TICK = timedelta(microseconds=1)

pytestmark = pytest.mark.django_db(transaction=True)


def match(shop: Community, rule: Any, at: datetime = NOON) -> str:
    """The keys of the people who match a rule at a time, one letter each."""
    deriver.catch_up()
    return "".join(factories.matching_keys(shop, rule, at=at))


def paid(**conditions: Any) -> dict[str, Any]:
    return {"did": {"kind": "order.paid", **conditions}}


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
    shop = factories.community(timezone=zone)
    factories.members(shop, *"abc")
    factories.order(shop, "a", paid_at=begin)
    factories.order(shop, "b", paid_at=begin - TICK)
    # Later today counts as today; tomorrow has not come.
    for hours in (11, 12):
        factories.order(shop, "c", paid_at=at + timedelta(hours=hours))
    assert match(shop, paid(within="30d"), at) == "ac"
    assert match(shop, paid(before="30d"), at) == "b"
    assert match(shop, paid(within="30d", times={"gte": 2}), at) == ""
    assert (
        match(shop, paid(within="30d", sum={"field": "amount", "eq": 100}), at) == "ac"
    )
    assert match(shop, paid(first={"within": "30d"}), at) == "ac"


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


@pytest.mark.both_databases
@pytest.mark.parametrize(("zone", "day", "hours"), LONG_DAYS)
def test_day_windows_follow_clock_changes(zone: str, day: str, hours: int) -> None:
    begin = datetime.fromisoformat(BEGINS[f"{day} {zone}"]).replace(tzinfo=UTC)
    end = begin + timedelta(hours=hours)
    shop, at = factories.community(timezone=zone), end + timedelta(hours=1)
    factories.members(shop, *"abcd")
    for member, time in zip(
        "abcd", (begin - TICK, begin, end - TICK, end), strict=True
    ):
        factories.order(shop, member, paid_at=time)
    assert match(shop, paid(between=[day, day]), at) == "bc"
    assert match(shop, paid(before=day), at) == "a"
    assert match(shop, paid(since=day), at) == "bcd"
    assert match(shop, paid(within="1d"), at) == "d"
    assert match(shop, paid(within="2d"), at) == "bcd"


@pytest.mark.both_databases
def test_12h_is_exact_to_the_microsecond(shop: Community) -> None:
    factories.members(shop, *"abcd")
    span = timedelta(hours=12)
    times = (NOON - span, NOON - span + TICK, NOON, NOON + TICK)
    for member, time in zip("abcd", times, strict=True):
        factories.order(shop, member, paid_at=time)
    assert match(shop, paid(within="12h")) == "bc"


@pytest.mark.both_databases
def test_changing_the_clock_moves_facts_to_their_new_days(shop: Community) -> None:
    factories.members(shop, "a")
    factories.order(
        shop, "a", paid_at=NOON - timedelta(hours=12)
    )  # midnight that begins today
    assert match(shop, paid(within="1d")) == "a"
    communities.set_clock(community=shop, timezone="America/Los_Angeles", day_start=0)
    deriver.catch_up()
    assert match(shop, paid(between=["2026-03-14", "2026-03-14"])) == "a"
    assert match(shop, paid(between=["2026-03-15", "2026-03-15"])) == ""

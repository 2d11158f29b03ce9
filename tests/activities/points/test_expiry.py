"""The last day of points: when it ends, is put off, and is announced."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from qunce.activities.points import expiry, liability
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.complaints import complaints
from tests import factories
from tests.activities.points import builders
from tests.activities.points.builders import DAY, usable
from tests.factories import AT

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("zone", "day_start", "last_moment"),
    [
        ("Asia/Shanghai", 0, "2026-03-07T15:59:59"),
        ("Asia/Shanghai", 240, "2026-03-07T19:59:59"),
        # Clocks go forward on March 8.
        ("America/Los_Angeles", 0, "2026-03-08T07:59:59"),
        ("Africa/Cairo", 0, "2026-03-07T21:59:59"),
    ],
)
def test_points_expire_at_the_end_of_the_community_day(
    zone: str, day_start: int, last_moment: str
) -> None:
    shop = factories.community("clock", timezone=zone, day_start=day_start)
    account = factories.member(shop, "ann").pk
    builders.award(account, 10, valid_days=3)
    last = datetime.fromisoformat(last_moment).replace(tzinfo=UTC)
    assert usable(account, last) == 10
    assert usable(account, last + timedelta(seconds=1)) == 0
    # The balance does not depend on the nightly job.
    assert expiry.expire_due(at=last) == 0
    assert expiry.expire_due(at=last + timedelta(seconds=1)) == 1
    assert expiry.expire_due(at=last + timedelta(seconds=1)) == 0
    assert liability.stored(shop) == liability.recount(shop) == {}


LAST_MOMENTS = [
    # Where, start of the day in minutes, awarded, last moment of that community day
    ("Asia/Shanghai", 0, "2026-03-05T16:00:00", "2026-03-06T15:59:59"),
    ("Asia/Shanghai", 240, "2026-03-05T20:00:00", "2026-03-06T19:59:59"),
    # March 8 has 23 hours, and November 1 has 25.
    ("America/Los_Angeles", 0, "2026-03-08T08:00:00", "2026-03-09T06:59:59"),
    ("America/Los_Angeles", 0, "2026-11-01T07:00:00", "2026-11-02T07:59:59"),
    # Days that start at 04:00 are changed before they begin: October 31 has 25 hours.
    ("America/Los_Angeles", 240, "2026-10-31T11:00:00", "2026-11-01T11:59:59"),
    ("America/Los_Angeles", 240, "2026-03-07T12:00:00", "2026-03-08T10:59:59"),
    # April 24 begins at 01:00; the last hour of October 29 comes twice.
    ("Africa/Cairo", 0, "2026-04-23T22:00:00", "2026-04-24T20:59:59"),
    ("Africa/Cairo", 0, "2026-10-28T21:00:00", "2026-10-29T21:59:59"),
]


@pytest.mark.parametrize(("zone", "day_start", "first", "last"), LAST_MOMENTS)
def test_points_of_one_day_last_as_long_as_the_day(
    zone: str, day_start: int, first: str, last: str
) -> None:
    shop = factories.community("clock", timezone=zone, day_start=day_start)
    account = factories.member(shop, "ann").pk
    begin, end = (
        datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (first, last)
    )
    builders.award(account, 10, at=begin, valid_days=1)
    assert usable(account, end) == 10
    assert usable(account, end + timedelta(seconds=1)) == 0
    # A second earlier it would have been the day before.
    builders.award(account, 5, at=begin - timedelta(seconds=1), valid_days=1)
    assert usable(account, begin) == 10


def test_nothing_expires_while_a_case_is_open(
    shop: Community, by: Staff, ann: int
) -> None:
    builders.award(ann, 10, valid_days=3)
    case = complaints.create(
        community=shop,
        kind="complaint",
        title="cracked cup",
        topic="quality",
        account=ann,
        by=by,
        at=AT,
    )
    at = AT + 30 * DAY
    assert expiry.announce_due(at=AT) == 0
    assert expiry.expire_due(at=at) == 0
    assert usable(ann, at) == 10
    found = liability.load(by=by, at=at)
    assert [(line.points, line.is_held) for line in found.lines] == [(10, True)]
    complaints.close(complaint=case, outcome="solved", by=by, at=at)
    assert usable(ann, at + 7 * DAY) == 10
    assert usable(ann, at + 8 * DAY) == 0
    assert expiry.expire_due(at=at + 8 * DAY) == 1


def test_expiry_is_announced_once_seven_days_before(shop: Community, ann: int) -> None:
    builders.award(ann, 10, valid_days=10)
    builders.award(ann, 5, "prize/2")
    assert expiry.announce_due(at=AT + DAY) == 0
    assert expiry.announce_due(at=AT + 2 * DAY) == 1
    assert expiry.announce_due(at=AT + 3 * DAY) == 0
    assert factories.recorded_facts(shop, "points.expiring") == [
        (ann, {"points": 10, "last_day": "2026-03-14"})
    ]

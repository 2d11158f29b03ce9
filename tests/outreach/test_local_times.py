"""P6: a campaign that is sent at the same time of day by each member's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.attributes import attributes
from qunce.outreach.campaigns import campaigns, launch, local_times, review
from qunce.outreach.contact_budget import member_zones, policies
from qunce.outreach.contact_budget.limits import Budget, QuietHours
from tests import factories
from tests.factories import AT, HOUR

ZONES = ("Asia/Shanghai", "America/Los_Angeles", "Africa/Cairo")
ZONE = st.sampled_from(ZONES).map(ZoneInfo)
FIRST, LAST = datetime(2025, 1, 1), datetime(2027, 12, 31)  # noqa: DTZ001 - Hypothesis
MOMENTS = st.datetimes(FIRST, LAST).map(
    lambda moment: moment.replace(second=0, microsecond=0, tzinfo=UTC)
)


@given(MOMENTS, ZONE, ZONE, MOMENTS)
def test_wall_time_holds_in_each_zone_over_clock_changes(
    send_at: datetime, own: ZoneInfo, zone: ZoneInfo, started_at: datetime
) -> None:
    wall = send_at.astimezone(own).replace(tzinfo=None)
    local = local_times.local_time(send_at, own, zone)
    shown = local.astimezone(zone).replace(tzinfo=None)
    # The slow way: the first minute at which the clock shows that time, or a later one
    # where the clock skips it.
    first = wall.replace(tzinfo=UTC) - timedelta(hours=15)
    minutes = (first + timedelta(minutes=n) for n in range(31 * 60))
    exact = next(
        (
            each
            for each in minutes
            if each.astimezone(zone).replace(tzinfo=None) == wall
        ),
        None,
    )
    if exact is None:
        assert timedelta() < shown - wall <= HOUR
    else:
        assert local == exact
    due = local_times.due_at(send_at, own, zone, started_at)
    assert due >= started_at
    assert due == (local if local >= started_at else max(send_at, started_at))


@pytest.fixture
def by(shop: Community) -> Staff:
    staff = factories.staff(shop, "manager", "ann", name="Ann")
    zone = attributes.define(community=shop, name="zone", type="text", by=staff, at=AT)
    policies.update(
        community=shop, budget=Budget(), counts_assisted=True, by=staff, at=AT
    )
    near, far, _plain, wrong = factories.members(shop, "near", "far", "plain", "wrong")
    values = {near: "Asia/Tokyo", far: "America/Los_Angeles", wrong: "Mars"}
    attributes.set_values(attribute=zone, values=values, by=staff, at=AT)
    return staff


def test_members_get_it_when_their_own_clock_shows_the_time(
    shop: Community, by: Staff
) -> None:
    with pytest.raises(errors.Invalid, match="Contact limits"):
        factories.campaign(by, member_clock=True)
    with pytest.raises(errors.Invalid, match="not an attribute of type text"):
        policies.set_zone_attribute(community=shop, attribute="x", by=by, at=AT)
    policies.set_zone_attribute(community=shop, attribute="zone", by=by, at=AT)
    campaign = factories.campaign(by, member_clock=True)
    found = review.build(campaign=campaign, by=by, at=AT).zones
    assert found is not None and found.passed == 1
    assert found.sizes == {
        "Asia/Shanghai": 2,
        "America/Los_Angeles": 1,
        "Asia/Tokyo": 1,
    }
    # When it is 10:00 in Tokyo, it is 09:00 in Shanghai.
    send_at = datetime(2026, 3, 7, 2, tzinfo=UTC)
    campaigns.schedule(campaign=campaign, send_at=send_at, by=by, at=AT)
    launch.start_scheduled(at=send_at - 2 * HOUR)
    campaign.refresh_from_db()
    assert campaign.state == "scheduled"
    launch.start_scheduled(at=send_at - HOUR)
    campaign.refresh_from_db()
    assert campaign.state == "sending"

    def opened(at: datetime) -> list[str]:
        from qunce.members.accounts import queries as account_queries
        from qunce.outreach.sending import assisted_sending

        task = factories.task(campaign, by)
        rows = assisted_sending.open_next(task=task, by=by, at=at)
        keys = account_queries.keys_by_id(shop, [row.target_id for row in rows])
        return sorted(keys.values())

    assert opened(send_at - HOUR) == ["near"]
    # Without a zone, or with one that does not exist, the community's clock holds.
    assert opened(send_at) == ["near", "plain", "wrong"]
    assert opened(send_at + 15 * HOUR) == ["near", "plain", "wrong"]
    assert opened(send_at + 16 * HOUR) == ["far", "near", "plain", "wrong"]


def test_quiet_hours_are_those_of_the_member(shop: Community, by: Staff) -> None:
    """Row 10 of the journeys: an unknown zone is the community's, never now."""
    from django.db import transaction

    from qunce.members.accounts import queries as account_queries
    from qunce.outreach.sending import messages

    quiet = Budget(quiet=QuietHours(22 * 60, 8 * 60))
    policies.update(community=shop, budget=quiet, counts_assisted=True, by=by, at=AT)
    policies.set_zone_attribute(community=shop, attribute="zone", by=by, at=AT)
    # 23:30 in Shanghai, 07:30 in Los Angeles, where the night ends half an hour later.
    at = datetime(2026, 3, 5, 15, 30, tzinfo=UTC)
    due = {}
    for number, key in enumerate(("far", "plain", "wrong"), start=1):
        draft = messages.Draft(
            origin=messages.Origin.PLAYBOOK,
            origin_id=number,
            account=account_queries.get(shop, key).pk,
            text="Hi",
            staff=by,
        )
        with transaction.atomic():
            due[key] = messages.request(draft, community=shop, at=at).due_at
    morning = datetime(2026, 3, 6, 0, tzinfo=UTC)
    assert due == {"far": at + HOUR / 2, "plain": morning, "wrong": morning}


def test_zone_of_a_person_is_that_of_the_latest_value(
    shop: Community, by: Staff
) -> None:
    from qunce.members.accounts import queries as account_queries
    from qunce.sets.bitmaps import bitmaps

    factories.merge(shop, "near", "far")
    near = account_queries.get(shop, "near").pk
    rows = member_zones.zones_of(shop, [near], attribute="zone")
    sets = member_zones.by_zone(shop, bitmaps.of([near]), attribute="zone", at=AT)
    assert [zone.key for zone in rows.values()] == list(sets)
    gone = member_zones.zones_of(shop, [near], attribute="gone")
    assert gone == {}

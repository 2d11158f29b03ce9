from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from qunce.core import communities, community_days, revisions
from tests import factories

pytestmark = pytest.mark.django_db


def test_communities_have_their_own_days() -> None:
    shop = factories.community(timezone="Asia/Shanghai", day_start=240)
    before = datetime(2026, 3, 4, 19, 59, tzinfo=UTC)
    after = datetime(2026, 3, 4, 20, tzinfo=UTC)
    assert community_days.to_date(shop.day(before)) == date(2026, 3, 4)
    assert community_days.to_date(shop.day(after)) == date(2026, 3, 5)


@pytest.mark.both_databases
def test_changing_the_clock_raises_its_revision() -> None:
    shop = factories.community()
    communities.set_clock(community=shop, timezone="Africa/Cairo", day_start=60)
    stored = communities.get("shop")
    assert (stored.timezone, stored.day_start) == ("Africa/Cairo", 60)
    assert communities.zone(stored).key == "Africa/Cairo"
    key = (communities.CLOCK, 0)
    assert revisions.read(shop.pk, [key]) == {key: 1}


@pytest.mark.parametrize("key", ["", "Shop", "-shop", "a b", "x" * 64, "店"])
def test_key_that_is_not_a_url_segment_is_rejected(key: str) -> None:
    with pytest.raises(communities.InvalidCommunity):
        factories.community(key)


@pytest.mark.parametrize(
    "clock", [{"timezone": "Asia/Peking"}, {"day_start": 1440}, {"day_start": -1}]
)
def test_invalid_time_zone_or_start_of_day_is_rejected(clock: dict[str, Any]) -> None:
    with pytest.raises(communities.InvalidCommunity):
        factories.community(**clock)


def test_unknown_community_is_named_in_the_error() -> None:
    with pytest.raises(communities.CommunityNotFound, match="“elsewhere”"):
        communities.get("elsewhere")

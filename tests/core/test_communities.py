from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from qunce.core import communities, community_days, revisions
from tests.core import made

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_it_has_its_own_clock() -> None:
    shop = made.community(timezone="Asia/Shanghai", day_start=240)
    before = datetime(2026, 3, 4, 19, 59, tzinfo=UTC)
    after = datetime(2026, 3, 4, 20, tzinfo=UTC)
    assert community_days.to_date(shop.day(before)) == date(2026, 3, 4)
    assert community_days.to_date(shop.day(after)) == date(2026, 3, 5)


def test_changing_the_clock_raises_its_revision() -> None:
    shop = made.community()
    communities.set_clock(community=shop, timezone="Africa/Cairo", day_start=60)
    again = communities.get("shop")
    assert (again.timezone, again.day_start) == ("Africa/Cairo", 60)
    assert communities.zone(again).key == "Africa/Cairo"
    key = (communities.CLOCK, 0)
    assert revisions.read(shop.pk, [key]) == {key: 1}


@pytest.mark.parametrize("key", ["", "Shop", "-shop", "a b", "x" * 64, "店"])
def test_it_refuses_a_key_that_cannot_stand_in_an_address(key: str) -> None:
    with pytest.raises(communities.InvalidCommunity):
        made.community(key)


@pytest.mark.parametrize(
    "clock", [{"timezone": "Asia/Peking"}, {"day_start": 1440}, {"day_start": -1}]
)
def test_it_refuses_a_clock_that_does_not_exist(clock: dict[str, Any]) -> None:
    with pytest.raises(communities.InvalidCommunity):
        made.community(**clock)


def test_an_unknown_one_is_named() -> None:
    with pytest.raises(communities.CommunityNotFound, match="“elsewhere”"):
        communities.get("elsewhere")

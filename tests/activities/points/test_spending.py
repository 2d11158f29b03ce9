"""Spending points, and undoing it."""

from __future__ import annotations

import pytest

from qunce.activities.points import expiry, holders, spending
from qunce.activities.points.models import PointLot
from qunce.core.communities import Community
from tests.activities.points import builders
from tests.activities.points.builders import DAY, usable
from tests.factories import AT

pytestmark = pytest.mark.django_db


def test_spend_takes_soonest_last_day_and_undoing_it_gives_the_same_lots(
    shop: Community, ann: int
) -> None:
    late = builders.award(ann, 10, "prize/1")
    soon = builders.award(ann, 10, "prize/2", valid_days=3)
    spending.spend(account_id=ann, amount=12, key="mall/1", by=None, at=AT)
    left = dict(PointLot.objects.values_list("pk", "left"))
    assert left == {late: 8, soon: 0}
    at = AT + 20 * DAY
    assert spending.restore(community=shop, key="mall/1", by=None, at=at)
    assert spending.restore(community=shop, key="mall/1", by=None, at=at) is None
    assert usable(ann, at) == 20
    # Seven days from then, as its old last day is over.
    assert usable(ann, at + 7 * DAY) == 20
    assert usable(ann, at + 8 * DAY) == 10


def test_what_was_only_reserved_expires_as_if_it_had_not_been(
    shop: Community, ann: int
) -> None:
    for number in (1, 2):
        lot = builders.award(ann, 10, f"prize/{number}", valid_days=3)
        spending.spend(account_id=ann, amount=4, key=f"bid/{number}", by=None, at=AT)
        at = AT + (2 if number == 1 else 3) * DAY
        if number == 2:
            # The night's job writes off what was left of it first.
            expiry.expire_community(community=shop, at=at)
        spending.restore(
            community=shop, key=f"bid/{number}", by=None, at=at, was_reserved=True
        )
        # On the last day it can still be used, and on the next one it is gone.
        assert usable(ann, AT + 2 * DAY) == (10 if number == 1 else 0)
        assert usable(ann, AT + 3 * DAY) == 0
        assert PointLot.objects.get(pk=lot).last_day == shop.day(AT) + 2


def test_key_that_spent_something_else_is_refused(shop: Community, ann: int) -> None:
    builders.award(ann, 10)
    for _time in range(2):
        spending.spend(account_id=ann, amount=4, key="mall/1", by=None, at=AT)
    assert usable(ann) == 6
    with pytest.raises(holders.KeyUsedAgain):
        spending.spend(account_id=ann, amount=5, key="mall/1", by=None, at=AT)
    with pytest.raises(spending.NotEnoughPoints, match="6 points to spend, and 7"):
        spending.spend(account_id=ann, amount=7, key="mall/2", by=None, at=AT)
    for amount in (0, -1, 10**10):
        with pytest.raises(holders.InvalidPoints):
            spending.spend(account_id=ann, amount=amount, key="x", by=None, at=AT)

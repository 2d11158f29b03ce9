"""Balances of members, and what the community owes in all."""

from __future__ import annotations

from datetime import date

import pytest

from qunce.activities.points import (
    balances,
    leaderboard,
    liability,
    point_settings,
    spending,
)
from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.sets.mirror import deriver
from tests import factories
from tests.activities.points import builders
from tests.factories import AT

pytestmark = pytest.mark.django_db


def test_liability_is_what_is_left_by_month(
    shop: Community, by: Staff, ann: int
) -> None:
    point_settings.update(community=shop, cost=10_00, by=by, at=AT)
    builders.award(ann, 500, "prize/1", valid_days=10)
    builders.award(ann, 300, "prize/2", valid_days=40)
    builders.award(ann, 200, "prize/3")
    spending.spend(account_id=ann, amount=100, key="mall/1", by=None, at=AT)
    found = liability.load(by=by, at=AT)
    assert [(line.month, line.points, line.cost) for line in found.lines] == [
        (date(2026, 3, 1), 400, 4_00),
        (date(2026, 4, 1), 300, 3_00),
        (None, 200, 2_00),
    ]
    assert (found.points, found.cost, found.owed) == (900, 9_00, 0)


def test_staff_with_a_scope_see_and_count_nobody_else(shop: Community) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    factories.apply_tag(shop, "mine", ann)
    scope = {"tag": {"any": ["mine"]}}
    limited = factories.staff(shop, "manager", "eve", scope=scope)
    builders.award(ann, 10)
    builders.award(bob, 20)
    deriver.catch_up()
    assert [place.person for place in leaderboard.load(by=limited, at=AT)] == [ann]
    assert balances.get(account_id=ann, by=limited, at=AT).usable == 10
    hidden: list[object] = [
        lambda: balances.get(account_id=bob, by=limited, at=AT),
        lambda: balances.history(account_id=bob, by=limited, at=AT),
        lambda: spending.spend(account_id=bob, amount=1, key="k", by=limited, at=AT),
        lambda: spending.restore(community=shop, key="mall/b", by=limited, at=AT),
    ]
    spending.spend(account_id=bob, amount=1, key="mall/b", by=None, at=AT)
    for call in hidden:
        with pytest.raises(account_queries.MemberNotFound):
            call()  # type: ignore[operator]
    with pytest.raises(permissions.NotAllowed):
        liability.load(by=limited, at=AT)

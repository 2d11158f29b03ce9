"""The demo's levels, badges and membership, on a community with a few members."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from qunce.activities.levels.models import BadgeAward, LevelHolding, MembershipTerm
from qunce.core.communities import Community
from qunce.demo.coffee import levels
from tests import factories
from tests.activities.points import builders as points


@pytest.mark.django_db
def test_demo_has_four_levels_badges_and_a_membership_that_ends_soon(
    shop: Community,
) -> None:
    people = factories.members(shop, *(f"m{number}" for number in range(9)))
    for number, account in enumerate(people):
        points.award(account, 60 * (number + 1))
    context: Any = SimpleNamespace(
        community=shop, owner=factories.staff(shop), at=factories.AT
    )
    levels.create(context)
    levels.create(context)
    rows = LevelHolding.objects.filter(level__isnull=False)
    assert rows.values("level").distinct().count() == 4
    assert BadgeAward.objects.count() == 3
    assert MembershipTerm.objects.count() == 3

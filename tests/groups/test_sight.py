from __future__ import annotations

import pytest

from qunce.core.communities import Community
from qunce.core.operators import Operator
from qunce.groups import registry, sight
from tests.members import made
from tests.members.made import AT

pytestmark = pytest.mark.both_databases


def group(of: Community, by: Operator, key: str) -> registry.Group:
    return registry.create(community=of, key=key, by=by, at=AT)


def seen(by: Operator) -> list[str]:
    return [each.key for each in sight.listed(by)]


def test_who_is_given_some_groups_sees_only_those(
    shop: Community, by: Operator
) -> None:
    """V1 S3"""
    north, south = group(shop, by, "north"), group(shop, by, "south")
    assert seen(by) == ["north", "south"]
    by.groups = ["south", "one that is gone"]
    assert seen(by) == ["south"]
    assert sight.get(by=by, pk=south.pk) == south
    with pytest.raises(registry.UnknownGroup):
        sight.get(by=by, pk=north.pk)
    sight.check(by=by, groups=[south.pk])
    with pytest.raises(registry.UnknownGroup):
        sight.check(by=by, groups=[south.pk, north.pk])
    by.groups = []
    assert seen(by) == []


def test_groups_of_another_community_are_not_there(
    shop: Community, by: Operator
) -> None:
    other = made.shop("other")
    theirs = group(other, made.staff(other, login="eve"), "north")
    by.groups = ["north"]
    assert seen(by) == []
    with pytest.raises(registry.UnknownGroup):
        sight.get(by=by, pk=theirs.pk)

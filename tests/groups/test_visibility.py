from __future__ import annotations

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups import groups, visibility
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.both_databases


def group(of: Community, by: Staff, key: str) -> groups.Group:
    return groups.create(community=of, key=key, by=by, at=AT)


def seen(by: Staff) -> list[str]:
    return [each.key for each in visibility.list_visible(by)]


def test_who_is_given_some_groups_sees_only_those(shop: Community, by: Staff) -> None:
    """V1 S3"""
    north, south = group(shop, by, "north"), group(shop, by, "south")
    assert seen(by) == ["north", "south"]
    by.groups = ["south", "one that is gone"]
    assert seen(by) == ["south"]
    assert visibility.get(by=by, pk=south.pk) == south
    with pytest.raises(groups.GroupNotFound):
        visibility.get(by=by, pk=north.pk)
    visibility.check(by=by, groups=[south.pk])
    with pytest.raises(groups.GroupNotFound):
        visibility.check(by=by, groups=[south.pk, north.pk])
    by.groups = []
    assert seen(by) == []


def test_groups_of_another_community_are_not_there(shop: Community, by: Staff) -> None:
    other = factories.community("other")
    theirs = group(other, factories.staff(other, login="eve"), "north")
    by.groups = ["north"]
    assert seen(by) == []
    with pytest.raises(groups.GroupNotFound):
        visibility.get(by=by, pk=theirs.pk)

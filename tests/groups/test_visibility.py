from __future__ import annotations

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups import groups, visibility
from tests import factories

pytestmark = pytest.mark.both_databases


def visible_keys(by: Staff) -> list[str]:
    return [each.key for each in visibility.list_visible(by)]


def test_staff_with_a_list_of_groups_see_only_those(shop: Community, by: Staff) -> None:
    """V1 S3"""
    north, south = factories.group(shop, "north"), factories.group(shop, "south")
    assert visible_keys(by) == ["north", "south"]
    by.groups = ["south", "one that is gone"]
    assert visible_keys(by) == ["south"]
    assert visibility.get(by=by, pk=south.pk) == south
    with pytest.raises(groups.GroupNotFound):
        visibility.get(by=by, pk=north.pk)
    visibility.check(by=by, groups=[south.pk])
    with pytest.raises(groups.GroupNotFound):
        visibility.check(by=by, groups=[south.pk, north.pk])
    by.groups = []
    assert visible_keys(by) == []


def test_groups_of_another_community_are_hidden(shop: Community, by: Staff) -> None:
    other = factories.community("other")
    theirs = factories.group(other, "north")
    by.groups = ["north"]
    assert visible_keys(by) == []
    with pytest.raises(groups.GroupNotFound):
        visibility.get(by=by, pk=theirs.pk)

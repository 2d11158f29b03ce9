from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qunce.core import permissions, state_machine
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.members.accounts import queries as account_queries
from qunce.members.people import merges
from tests import factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.both_databases


def group(of: Community, by: Staff, key: str = "north", **about: Any) -> groups.Group:
    return groups.create(community=of, key=key, by=by, at=AT, **about)


def test_a_group_is_registered_with_what_it_is_for(shop: Community, by: Staff) -> None:
    north = group(
        shop,
        by,
        name="North stall",
        platform="wecom",
        audience="new_customers",
        kind="seeding",
        capacity=500,
        threshold="bought once",
        card={"whom": "parents", "value": "recipes", "rhythm": "daily"},
        owner=by,
    )
    assert groups.get(shop, "north") == north
    assert north.state == "growing"
    with pytest.raises(groups.GroupAlreadyExists):
        group(shop, by)
    with pytest.raises(groups.GroupNotFound):
        groups.get(factories.community("other"), "north")


@pytest.mark.parametrize(
    "wrong", [{"audience": "aliens"}, {"capacity": -1}, {"name": "x" * 201}]
)
def test_what_does_not_fit_is_refused(
    shop: Community, by: Staff, wrong: dict[str, Any]
) -> None:
    with pytest.raises(groups.InvalidGroup):
        group(shop, by, **wrong)
    north = group(shop, by)
    with pytest.raises(groups.InvalidGroup):
        groups.update(group=north, by=by, at=AT, **wrong)


def test_changes_are_told_by_field(shop: Community, by: Staff) -> None:
    north = group(shop, by)
    groups.update(group=north, name="N", kind="vip", platform="offline", by=by, at=AT)
    assert factories.recorded_facts(shop, "group.changed") == [(None, {"fields": ["kind", "name"]})]


def test_who_joins_is_in_the_group_until_leaving(shop: Community, by: Staff) -> None:
    ann, bob, _eve = factories.members(shop, "ann", "bob", "eve")
    north = group(shop, by)
    early = AT - timedelta(days=30)
    joined = groups.add_members(
        group=north, accounts=[ann, bob], role="owner", happened_at=early, by=by, at=AT
    )
    assert joined == 2
    assert groups.add_members(group=north, accounts=[ann], by=by, at=AT) == 0
    assert factories.matching_keys(shop, {"group": {"any": ["north"]}}) == ["ann", "bob"]
    assert factories.matching_keys(shop, {"group": {"none": ["north"]}}) == ["eve"]
    assert groups.remove_members(group=north, accounts=[ann], by=by, at=LATER) == 1
    assert groups.remove_members(group=north, accounts=[ann], by=by, at=LATER) == 0
    assert factories.matching_keys(shop, {"group": {"any": ["north"]}}) == ["bob"]
    row = groups.Membership.objects.get(account_id=ann)
    assert (row.role, row.joined_at, row.left_at) == ("owner", early, LATER)
    assert factories.recorded_facts(shop, "group.joined") == [
        (ann, {"role": "owner"}),
        (bob, {"role": "owner"}),
    ]
    assert factories.recorded_facts(shop, "group.left") == [(ann, {})]


def test_a_full_group_takes_no_more(shop: Community, by: Staff) -> None:
    ann, too, bob = factories.members(shop, "ann", "too", "bob")
    merges.merge(community=shop, pairs=[merges.Pair(ann, too)], by=by, at=AT)
    north = group(shop, by, capacity=1)
    groups.add_members(group=north, accounts=[ann, too], by=by, at=AT)
    assert groups.count_members(north) == 1
    with pytest.raises(groups.GroupFull):
        groups.add_members(group=north, accounts=[bob], by=by, at=AT)
    assert factories.matching_keys(shop, {"group": {"any": ["north"]}}) == ["ann"]


def test_a_group_has_a_life_of_its_own(shop: Community, by: Staff) -> None:
    (ann,) = factories.members(shop, "ann")
    north = group(shop, by)
    for step in ("stabilize", "recall", "close"):
        groups.change_stage(group=north, transition=step, by=by, at=AT)
    with pytest.raises(state_machine.WrongState):
        groups.change_stage(group=north, transition="stabilize", by=by, at=AT)
    with pytest.raises(groups.GroupRetired):
        groups.add_members(group=north, accounts=[ann], by=by, at=AT)
    groups.change_stage(group=north, transition="revive", by=by, at=AT)
    assert groups.add_members(group=north, accounts=[ann], by=by, at=AT) == 1
    stages = [payload["stage"] for _, payload in factories.recorded_facts(shop, "group.stage_changed")]
    assert stages == ["lasting", "recalling", "dead", "growing"]


def test_unknown_groups_are_made_in_bulk_once(shop: Community, by: Staff) -> None:
    found = groups.ensure(community=shop, keys=["a", "b", "a"], by=by, at=AT)
    assert groups.ensure(community=shop, keys=["b", "a"], by=by, at=AT) == found
    assert [one.key for one in groups.list_all(shop)] == ["a", "b"]


def test_the_erased_are_in_no_group(shop: Community, by: Staff) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    north = group(shop, by)
    groups.add_members(group=north, accounts=[ann, bob], by=by, at=AT)
    assert groups.remove_accounts(community=shop, accounts=[ann]) == 1
    assert factories.matching_keys(shop, {"group": {"any": ["north"]}}) == ["bob"]


def test_strangers_and_viewers_are_refused(shop: Community, by: Staff) -> None:
    (eve,) = factories.members(factories.community("other"), "eve")
    north = group(shop, by)
    with pytest.raises(account_queries.MemberNotFound):
        groups.add_members(group=north, accounts=[eve], by=by, at=AT)
    viewer = factories.staff(shop, "viewer", "vic")
    with pytest.raises(permissions.NotAllowed):
        groups.add_members(group=north, accounts=[], by=viewer, at=AT)

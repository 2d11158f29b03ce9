from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qunce.core import permissions, state_machine
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups import groups, membership_erasure
from qunce.members.accounts import queries as account_queries
from qunce.members.people import merges
from tests import factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.both_databases


def test_group_is_created_with_its_fields(shop: Community, by: Staff) -> None:
    north = factories.group(
        shop,
        name="North stall",
        platform="wecom",
        audience="new_customers",
        kind="seeding",
        capacity=500,
        card={"whom": "parents", "value": "recipes", "rhythm": "daily"},
        owner=by,
    )
    assert groups.get(shop, "north") == north
    assert north.state == "growing"
    with pytest.raises(groups.GroupAlreadyExists):
        factories.group(shop)
    with pytest.raises(groups.GroupNotFound):
        groups.get(factories.community("other"), "north")


@pytest.mark.parametrize(
    "invalid", [{"audience": "aliens"}, {"capacity": -1}, {"name": "x" * 201}]
)
def test_invalid_fields_are_rejected(
    shop: Community, by: Staff, invalid: dict[str, Any]
) -> None:
    with pytest.raises(groups.InvalidGroup):
        factories.group(shop, **invalid)
    north = factories.group(shop)
    with pytest.raises(groups.InvalidGroup):
        groups.update(group=north, by=by, at=AT, **invalid)


def test_update_records_the_changed_fields(shop: Community, by: Staff) -> None:
    north = factories.group(shop)
    groups.update(group=north, name="N", kind="vip", platform="offline", by=by, at=AT)
    assert factories.recorded_facts(shop, "group.changed") == [
        (None, {"fields": ["kind", "name"]})
    ]


def test_member_is_in_the_group_until_removed(shop: Community, by: Staff) -> None:
    ann, bob, _eve = factories.members(shop, "ann", "bob", "eve")
    north = factories.group(shop)
    early = AT - timedelta(days=30)
    joined = groups.add_members(
        group=north, accounts=[ann, bob], role="koc", happened_at=early, by=by, at=AT
    )
    assert joined == 2
    assert groups.add_members(group=north, accounts=[ann], by=by, at=AT) == 0
    assert factories.matching_keys(shop, {"group": {"any": ["north"]}}) == [
        "ann",
        "bob",
    ]
    assert factories.matching_keys(shop, {"group": {"none": ["north"]}}) == ["eve"]
    assert groups.remove_members(group=north, accounts=[ann], by=by, at=LATER) == 1
    assert groups.remove_members(group=north, accounts=[ann], by=by, at=LATER) == 0
    assert factories.matching_keys(shop, {"group": {"any": ["north"]}}) == ["bob"]
    row = groups.Membership.objects.get(account_id=ann)
    assert (row.role, row.joined_at, row.left_at) == ("koc", early, LATER)
    assert factories.recorded_facts(shop, "group.joined") == [
        (ann, {"role": "koc"}),
        (bob, {"role": "koc"}),
    ]
    assert factories.recorded_facts(shop, "group.left") == [(ann, {})]


def test_full_group_rejects_members(shop: Community, by: Staff) -> None:
    ann, too, bob = factories.members(shop, "ann", "too", "bob")
    merges.merge(community=shop, pairs=[merges.Pair(ann, too)], by=by, at=AT)
    north = factories.group(shop, capacity=1)
    groups.add_members(group=north, accounts=[ann, too], by=by, at=AT)
    assert groups.count_members(north) == 1
    with pytest.raises(groups.GroupFull):
        groups.add_members(group=north, accounts=[bob], by=by, at=AT)
    assert factories.matching_keys(shop, {"group": {"any": ["north"]}}) == ["ann"]


def test_stage_changes_by_transitions(shop: Community, by: Staff) -> None:
    (ann,) = factories.members(shop, "ann")
    north = factories.group(shop)
    for transition in ("stabilize", "recall", "close"):
        groups.change_stage(group=north, transition=transition, by=by, at=AT)
    with pytest.raises(state_machine.WrongState):
        groups.change_stage(group=north, transition="stabilize", by=by, at=AT)
    with pytest.raises(groups.GroupRetired):
        groups.add_members(group=north, accounts=[ann], by=by, at=AT)
    groups.change_stage(group=north, transition="revive", by=by, at=AT)
    assert groups.add_members(group=north, accounts=[ann], by=by, at=AT) == 1
    stages = [
        payload["stage"]
        for _, payload in factories.recorded_facts(shop, "group.stage_changed")
    ]
    assert stages == ["lasting", "recalling", "dead", "growing"]


def test_missing_groups_are_created_once(shop: Community, by: Staff) -> None:
    ids = groups.ensure(community=shop, keys=["a", "b", "a"], by=by, at=AT)
    assert groups.ensure(community=shop, keys=["b", "a"], by=by, at=AT) == ids
    assert [one.key for one in groups.list_all(shop)] == ["a", "b"]


def test_erased_accounts_are_removed_from_groups(shop: Community, by: Staff) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    north = factories.group(shop)
    groups.add_members(group=north, accounts=[ann, bob], by=by, at=AT)
    assert membership_erasure.remove_accounts(community=shop, accounts=[ann]) == 1
    assert factories.matching_keys(shop, {"group": {"any": ["north"]}}) == ["bob"]


def test_foreign_accounts_and_viewers_are_rejected(shop: Community, by: Staff) -> None:
    (eve,) = factories.members(factories.community("other"), "eve")
    north = factories.group(shop)
    with pytest.raises(account_queries.MemberNotFound):
        groups.add_members(group=north, accounts=[eve], by=by, at=AT)
    viewer = factories.staff(shop, "viewer", "vic")
    with pytest.raises(permissions.NotAllowed):
        groups.add_members(group=north, accounts=[], by=viewer, at=AT)

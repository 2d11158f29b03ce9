from __future__ import annotations

import pytest

from qunce.core import permissions, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups import groups, memberships
from qunce.members.accounts import queries as account_queries
from qunce.members.people import merges
from qunce.members.tags import assignments
from tests import factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.both_databases


def keys(people: list[memberships.GroupMember]) -> list[str]:
    return [one.account.key for one in people]


def test_members_are_listed_by_page_and_with_their_roles(
    shop: Community, by: Staff
) -> None:
    """V2"""
    ann, bob, eve = factories.members(shop, "ann", "bob", "eve")
    north = factories.group(shop)
    groups.add_members(group=north, accounts=[ann, bob], by=by, at=AT)
    groups.add_members(group=north, accounts=[eve], role="koc", by=by, at=AT)
    first = memberships.list_members(group=north, by=by, at=LATER, limit=2)
    assert keys(first) == ["ann", "bob"]
    rest = memberships.list_members(group=north, by=by, at=LATER, after=bob, limit=2)
    assert keys(rest) == ["eve"]
    assert keys(memberships.list_members_with_role(group=north, by=by, at=LATER)) == [
        "eve"
    ]
    assert memberships.count_members(north, by, LATER) == 3


def test_role_changes_for_all_accounts_of_a_person(shop: Community, by: Staff) -> None:
    """V2"""
    ann, ann_too, bob = factories.members(shop, "ann", "ann-2", "bob")
    north = factories.group(shop)
    groups.add_members(group=north, accounts=[ann, ann_too, bob], by=by, at=AT)
    merges.merge(community=shop, pairs=[merges.Pair(ann, ann_too)], by=by, at=AT)
    memberships.change_role(group=north, account=ann_too, role="koc", by=by, at=LATER)
    (person,) = memberships.list_members_with_role(group=north, by=by, at=LATER)
    assert (person.account.key, person.role) == ("ann", "koc")
    recorded = factories.recorded_facts(shop, "group.role_changed")
    assert recorded == [(ann, {"role": "koc"}), (ann_too, {"role": "koc"})]
    memberships.change_role(group=north, account=ann, role="koc", by=by, at=LATER)
    assert len(factories.recorded_facts(shop, "group.role_changed")) == 2


def test_role_change_needs_a_known_role_a_member_and_permission(
    shop: Community, by: Staff
) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    north = factories.group(shop)
    groups.add_members(group=north, accounts=[ann], by=by, at=AT)
    with pytest.raises(memberships.RoleNotFound):
        memberships.change_role(group=north, account=ann, role="king", by=by, at=AT)
    with pytest.raises(memberships.MembershipNotFound):
        memberships.change_role(group=north, account=bob, role="koc", by=by, at=AT)
    viewer = factories.staff(shop, "viewer", "vic")
    with pytest.raises(permissions.NotAllowed):
        memberships.change_role(group=north, account=ann, role="koc", by=viewer, at=AT)


def test_addition_is_undone(shop: Community, by: Staff) -> None:
    ann, bob, eve = factories.members(shop, "ann", "bob", "eve")
    north = factories.group(shop)
    groups.add_members(group=north, accounts=[ann], by=by, at=AT)
    groups.add_members(group=north, accounts=[ann, bob, eve], by=by, at=LATER)
    moment = timestamps.to_micros(LATER)
    assert memberships.undo_addition(group=north, moment=moment, by=by, at=LATER) == 2
    assert keys(memberships.list_members(group=north, by=by, at=LATER)) == ["ann"]


def test_removed_member_is_added_again_in_their_role(
    shop: Community, by: Staff
) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    north = factories.group(shop)
    groups.add_members(group=north, accounts=[ann], role="expert", by=by, at=AT)
    groups.remove_members(group=north, accounts=[ann], by=by, at=LATER)
    assert memberships.add_again(group=north, account=ann, by=by, at=LATER) == 1
    (person,) = memberships.list_members_with_role(group=north, by=by, at=LATER)
    assert person.role == "expert"
    with pytest.raises(memberships.MembershipNotFound):
        memberships.add_again(group=north, account=bob, by=by, at=LATER)


def test_members_outside_the_scope_are_hidden(shop: Community, by: Staff) -> None:
    """S3"""
    ann, bob = factories.members(shop, "ann", "bob")
    assignments.apply(tag=factories.tag(shop, "mine"), accounts=[ann], by=by, at=AT)
    north = factories.group(shop)
    groups.add_members(group=north, accounts=[ann, bob], role="koc", by=by, at=AT)
    by.scope = {"tag": {"any": ["mine"]}}
    assert keys(memberships.list_members(group=north, by=by, at=LATER)) == ["ann"]
    assert keys(memberships.list_members_with_role(group=north, by=by, at=LATER)) == [
        "ann"
    ]
    assert memberships.count_members(north, by, LATER) == 1
    with pytest.raises(account_queries.MemberNotFound):
        memberships.change_role(group=north, account=bob, role="seed", by=by, at=LATER)
    with pytest.raises(account_queries.MemberNotFound):
        memberships.add_again(group=north, account=bob, by=by, at=LATER)
    moment = timestamps.to_micros(AT)
    with pytest.raises(account_queries.MemberNotFound):
        memberships.undo_addition(group=north, moment=moment, by=by, at=LATER)

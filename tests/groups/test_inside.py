from __future__ import annotations

import pytest

from qunce.core import access, instants
from qunce.core.communities import Community
from qunce.core.operators import Operator
from qunce.groups import inside, registry
from qunce.members import merges, roster, tagging
from tests.members import made
from tests.members.made import AT, LATER

pytestmark = pytest.mark.both_databases


def group(of: Community, by: Operator, key: str = "north") -> registry.Group:
    return registry.create(community=of, key=key, by=by, at=AT)


def keys(people: list[inside.Person]) -> list[str]:
    return [one.account.key for one in people]


def test_people_are_listed_by_pages_and_with_their_parts(
    shop: Community, by: Operator
) -> None:
    """V2"""
    ann, bob, eve = made.members(shop, "ann", "bob", "eve")
    north = group(shop, by)
    registry.join(group=north, accounts=[ann, bob], by=by, at=AT)
    registry.join(group=north, accounts=[eve], role="owner", by=by, at=AT)
    first = inside.listed(group=north, by=by, at=LATER, limit=2)
    assert keys(first) == ["ann", "bob"]
    rest = inside.listed(group=north, by=by, at=LATER, after=bob, limit=2)
    assert keys(rest) == ["eve"]
    assert keys(inside.with_parts(group=north, by=by, at=LATER)) == ["eve"]
    assert inside.size(north, by, LATER) == 3


def test_a_part_is_given_to_all_accounts_of_a_person_in_the_group(
    shop: Community, by: Operator
) -> None:
    """V2"""
    ann, too, bob = made.members(shop, "ann", "ann-2", "bob")
    north = group(shop, by)
    registry.join(group=north, accounts=[ann, too, bob], by=by, at=AT)
    merges.join(community=shop, pairs=[merges.Pair(ann, too)], by=by, at=AT)
    inside.give_role(group=north, account=too, role="koc", by=by, at=LATER)
    (person,) = inside.with_parts(group=north, by=by, at=LATER)
    assert (person.account.key, person.role) == ("ann", "koc")
    told = made.told(shop, "group.role_given")
    assert told == [(ann, {"role": "koc"}), (too, {"role": "koc"})]
    inside.give_role(group=north, account=ann, role="koc", by=by, at=LATER)
    assert len(made.told(shop, "group.role_given")) == 2


def test_a_part_needs_its_word_its_person_and_the_right(
    shop: Community, by: Operator
) -> None:
    ann, bob = made.members(shop, "ann", "bob")
    north = group(shop, by)
    registry.join(group=north, accounts=[ann], by=by, at=AT)
    with pytest.raises(inside.UnknownRole):
        inside.give_role(group=north, account=ann, role="king", by=by, at=AT)
    with pytest.raises(inside.NotInside):
        inside.give_role(group=north, account=bob, role="koc", by=by, at=AT)
    viewer = made.staff(shop, "viewer", "vic")
    with pytest.raises(access.NotAllowed):
        inside.give_role(group=north, account=ann, role="koc", by=viewer, at=AT)


def test_putting_in_is_undone_by_its_moment(shop: Community, by: Operator) -> None:
    ann, bob, eve = made.members(shop, "ann", "bob", "eve")
    north = group(shop, by)
    registry.join(group=north, accounts=[ann], by=by, at=AT)
    registry.join(group=north, accounts=[ann, bob, eve], by=by, at=LATER)
    moment = instants.to_micros(LATER)
    assert inside.undo_join(group=north, moment=moment, by=by, at=LATER) == 2
    assert keys(inside.listed(group=north, by=by, at=LATER)) == ["ann"]


def test_who_was_taken_out_comes_back_with_the_part_of_before(
    shop: Community, by: Operator
) -> None:
    ann, bob = made.members(shop, "ann", "bob")
    north = group(shop, by)
    registry.join(group=north, accounts=[ann], role="expert", by=by, at=AT)
    registry.leave(group=north, accounts=[ann], by=by, at=LATER)
    assert inside.bring_back(group=north, account=ann, by=by, at=LATER) == 1
    (person,) = inside.with_parts(group=north, by=by, at=LATER)
    assert person.role == "expert"
    with pytest.raises(inside.NotInside):
        inside.bring_back(group=north, account=bob, by=by, at=LATER)


def test_who_is_out_of_sight_is_in_no_list_and_no_count(
    shop: Community, by: Operator
) -> None:
    """S3"""
    ann, bob = made.members(shop, "ann", "bob")
    tagging.put(tag=made.tag(shop, "mine"), accounts=[ann], by=by, at=AT)
    north = group(shop, by)
    registry.join(group=north, accounts=[ann, bob], role="koc", by=by, at=AT)
    by.scope = {"tag": {"any": ["mine"]}}
    assert keys(inside.listed(group=north, by=by, at=LATER)) == ["ann"]
    assert keys(inside.with_parts(group=north, by=by, at=LATER)) == ["ann"]
    assert inside.size(north, by, LATER) == 1
    with pytest.raises(roster.UnknownMember):
        inside.give_role(group=north, account=bob, role="seed", by=by, at=LATER)
    with pytest.raises(roster.UnknownMember):
        inside.bring_back(group=north, account=bob, by=by, at=LATER)
    moment = instants.to_micros(AT)
    with pytest.raises(roster.UnknownMember):
        inside.undo_join(group=north, moment=moment, by=by, at=LATER)

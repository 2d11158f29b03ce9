"""Whom roles in groups make staff, bots or volunteers, and what follows from it."""

from __future__ import annotations

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups import groups, memberships, staff_roles, working_people
from qunce.groups.labels import ROLES
from qunce.groups.lists import exemptions
from qunce.sets import audiences
from tests import factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.django_db


def test_each_role_has_the_consequences_of_its_sets(shop: Community, by: Staff) -> None:
    """V2"""
    roles = list(ROLES)
    people = dict(zip(roles, factories.members(shop, *roles), strict=True))
    north, south = factories.group(shop, "north"), factories.group(shop, "south")
    for role, account in people.items():
        groups.add_members(group=north, accounts=[account], role=role, by=by, at=AT)

    def roles_of(accounts: set[int]) -> set[str]:
        return {role for role, account in people.items() if account in accounts}

    every = list(people.values())
    counted = audiences.people(community=shop, rule={"all": []}, by=by, at=LATER)
    assert roles_of(set(counted)) == set(roles) - staff_roles.NOT_COUNTED
    assert roles_of(working_people.find(every)) == staff_roles.NOT_WINNING
    assert roles_of(working_people.find_answering(every)) == staff_roles.STAFF
    assert roles_of(working_people.find_uncounted(every)) == staff_roles.NOT_COUNTED

    def exempt(group: groups.Group) -> set[str]:
        return roles_of(
            {
                account
                for account in every
                if exemptions.find(group=group, account=account, at=LATER)
            }
        )

    assert exempt(north) == staff_roles.NOT_PUNISHED
    assert exempt(south) == staff_roles.WORKING


def test_staff_remain_staff_after_leaving_and_volunteers_do_not(
    shop: Community, by: Staff
) -> None:
    """V2"""
    staff, bot, helper = factories.members(shop, "s", "b", "h")
    north = factories.group(shop, "north")
    for account, role in ((staff, "expert"), (bot, "bot"), (helper, "volunteer")):
        groups.add_members(group=north, accounts=[account], role=role, by=by, at=AT)
    every = [staff, bot, helper]

    def count() -> int:
        return audiences.count(community=shop, rule={"all": []}, by=by, at=LATER)

    assert count() == 0
    groups.remove_members(group=north, accounts=every, by=by, at=LATER)
    assert (count(), working_people.find_uncounted(every)) == (1, {staff, bot})
    memberships.add_again(group=north, account=helper, by=by, at=LATER)
    assert (count(), working_people.find_uncounted(every)) == (0, set(every))
    memberships.change_role(group=north, account=helper, role="core", by=by, at=LATER)
    assert count() == 1

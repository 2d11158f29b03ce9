"""Units limit what their staff, and those of the units below them, see."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff import staff, units
from qunce.core.staff.models import Staff
from qunce.core.staff.units import Unit
from qunce.groups import visibility as group_visibility
from qunce.members.people import visibility
from qunce.sets.rules.base import RuleError
from tests import factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.django_db
NORTH = {"tag": {"any": ["north"]}}
VIP = {"tag": {"any": ["vip"]}}


@pytest.fixture
def owner(shop: Community) -> Staff:
    ann, bob, cat = factories.members(shop, "ann", "bob", "cat")
    for key, accounts in (("north", [ann, bob]), ("vip", [bob, cat])):
        factories.apply_tag(shop, key, *accounts)
    for key in ("one", "two"):
        factories.group(shop, key)
    return factories.staff(shop, login="boss")


def unit(owner: Staff, name: str, **fields: Any) -> Unit:
    return units.create(
        community=owner.community, name=name, kind="local", by=owner, at=AT, **fields
    )


def change(unit: Unit, owner: Staff, **fields: Any) -> None:
    given: dict[str, Any] = {
        "name": unit.name,
        "kind": unit.kind,
        "parent": unit.parent,
    }
    units.update(unit=unit, **given | fields, by=owner, at=LATER)


def seen(who: Staff) -> list[str]:
    who.refresh_from_db()
    people = visibility.visible_people(by=who, at=LATER)
    return sorted(visibility.get(by=who, account=pk, at=LATER).key for pk in people)


def groups_of(who: Staff) -> list[str]:
    return [group.key for group in group_visibility.list_visible(who)]


def hire(owner: Staff, login: str, **fields: Any) -> Staff:
    given = {"role": "manager", "password": "quiet harbour at dawn"}
    return staff.add(login=login, name=login, by=owner, at=AT, **given | fields)


def test_units_above_and_own_limits_hold_together(owner: Staff) -> None:
    top = unit(owner, "North", scope=NORTH, groups=["two", "one"])
    low = unit(owner, "Harbin", parent=top)
    bea = hire(owner, "bea", unit=low)
    dan = hire(owner, "dan", unit=low, scope=VIP, groups=["one"])
    assert (seen(bea), groups_of(bea)) == (["ann", "bob"], ["one", "two"])
    assert (seen(dan), groups_of(dan)) == (["bob"], ["one"])
    change(top, owner, scope=None, groups=None)
    assert seen(bea) == ["ann", "bob", "cat"]
    assert (seen(dan), dan.own_groups) == (["bob", "cat"], ["one"])


def test_move_of_staff_or_unit_moves_the_limits(owner: Staff) -> None:
    top, low = unit(owner, "North", scope=NORTH), unit(owner, "Harbin")
    bea = hire(owner, "bea", unit=low)
    assert (seen(bea), bea.is_scoped) == (["ann", "bob", "cat"], False)
    change(low, owner, parent=top)
    assert seen(bea) == ["ann", "bob"]
    staff.update(staff=bea, unit=None, by=owner, at=LATER)
    assert seen(bea) == ["ann", "bob", "cat"]


def test_owners_see_everything(owner: Staff) -> None:
    top = unit(owner, "North", scope=NORTH)
    staff.update(staff=owner, unit=top, by=owner, at=AT)
    assert seen(owner) == ["ann", "bob", "cat"]
    bea = hire(owner, "bea", unit=top, role="owner")
    assert seen(bea) == ["ann", "bob", "cat"]
    staff.update(staff=bea, role="manager", by=owner, at=LATER)
    assert seen(bea) == ["ann", "bob"]


def test_limits_are_checked_and_copied_from_segments(
    shop: Community, owner: Staff
) -> None:
    factories.segment(shop, "north", NORTH)
    with pytest.raises(RuleError):
        unit(owner, "South", scope={"tag": {"any": ["south"]}})
    top = unit(owner, "North", scope={"segment": {"any": ["north"]}})
    assert top.scope == {"any": [NORTH]}

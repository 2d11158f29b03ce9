"""V3: staff, units, roles; nobody can give more than they have."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.core import permissions
from qunce.core.facts import audit
from qunce.core.staff import passwords, staff, units
from qunce.core.staff.models import Staff
from tests.core import made
from tests.core.made import AT

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
PASSWORD = "correct horse battery"


def boss(role: str = permissions.Role.OWNER, **given: Any) -> Staff:
    shop = made.community()
    return made.staff(shop, "boss", role=role, **given)


def add(by: Staff, **given: Any) -> Staff:
    usual = {"login": "bea", "name": "Bea", "role": "operator", "password": PASSWORD}
    return staff.add(by=by, at=AT, **(usual | given))


def test_who_is_added_has_a_password_for_one_sign_in() -> None:
    bea = add(boss())
    assert bea.check_password(PASSWORD)
    assert bea.password_is_temporary
    passwords.change(staff=bea, password="another horse entirely", at=AT)
    bea.refresh_from_db()
    assert not bea.password_is_temporary


@pytest.mark.parametrize(
    "password", ["short", "1234567890123", "password123", "beatrice-b"]
)
def test_a_weak_password_is_refused(password: str) -> None:
    bea = add(boss(), login="beatrice-b")
    with pytest.raises(passwords.InvalidPassword):
        passwords.change(staff=bea, password=password, at=AT)


def test_an_operator_manages_nobody() -> None:
    for role in (permissions.Role.OPERATOR, permissions.Role.VIEWER):
        by = made.staff(made.community(role), f"by-{role}", role=role)
        with pytest.raises(permissions.NotAllowed):
            add(by)


def test_who_sees_a_part_only_manages_nobody() -> None:
    by = boss(scope={"all": []})
    assert not permissions.may_manage_staff(by)
    with pytest.raises(permissions.NotAllowed):
        add(by)


def test_a_manager_neither_makes_nor_changes_an_owner() -> None:
    owner = boss()
    manager = add(owner, role="manager")
    with pytest.raises(permissions.NotAllowed):
        add(manager, login="cy", role="owner")
    with pytest.raises(permissions.NotAllowed):
        staff.update(staff=owner, by=manager, at=AT, name="Mine")
    with pytest.raises(permissions.NotAllowed):
        passwords.set_temporary(staff=owner, password=PASSWORD, by=manager, at=AT)
    with pytest.raises(permissions.NotAllowed):
        staff.update(staff=manager, by=manager, at=AT, role="owner")


def test_staff_of_another_community_are_out_of_reach() -> None:
    owner = boss()
    other = made.staff(made.community("other"), "zed")
    with pytest.raises(permissions.NotAllowed):
        staff.update(staff=other, by=owner, at=AT, name="Mine")
    with pytest.raises(staff.StaffNotFound):
        staff.get(owner, other.pk)


@pytest.mark.parametrize(
    "change", [{"role": "manager"}, {"scope": {"all": []}}, {"groups": []}]
)
def test_the_last_owner_stays(change: dict[str, Any]) -> None:
    owner = boss()
    with pytest.raises(staff.LastOwner):
        staff.update(staff=owner, by=owner, at=AT, **change)
    with pytest.raises(staff.LastOwner):
        staff.deactivate(staff=owner, by=owner, at=AT)
    add(owner, login="second", role="owner")
    staff.update(staff=owner, by=owner, at=AT, **change)


@pytest.mark.parametrize(
    "login", ["", "x", "two words", "a\u202eb", "system@shop", "n\0l"]
)
def test_a_login_is_plain(login: str) -> None:
    with pytest.raises(staff.InvalidStaff):
        add(boss(), login=login)


def test_a_login_is_taken_whatever_its_case() -> None:
    owner = boss()
    add(owner)
    with pytest.raises(staff.InvalidStaff):
        add(owner, login="BEA")


def test_the_house_is_not_listed() -> None:
    from qunce.core.staff import models as staff_models

    owner = boss()
    staff_models.system(owner.community)
    assert [each.login for each in staff.list_all(owner.community)] == ["boss"]


def test_each_change_is_in_the_audit_log_by_whom() -> None:
    owner = boss()
    bea = add(owner)
    staff.update(staff=bea, by=owner, at=AT, name="Bee")
    staff.update(staff=bea, by=owner, at=AT, name="Bee")
    staff.deactivate(staff=bea, by=owner, at=AT)
    staff.reactivate(staff=bea, by=owner, at=AT)
    names = audit.list_kinds(owner.community)
    acts = audit.list_entries(community=owner.community)
    kinds = ["staff.returned", "staff.left", "staff.changed", "staff.joined"]
    assert [names[act.kind_id] for act in acts] == kinds
    assert {act.actor_id for act in acts} == {owner.pk}
    assert acts[2].detail["changed"] == '["name"]'


def test_units_make_a_tree_that_cannot_bite_its_tail() -> None:
    by = boss()
    shop = by.community
    top = units.create(community=shop, name="HQ", kind="headquarters", by=by, at=AT)
    low = units.create(
        community=shop, name="Lanzhou", kind="local", by=by, at=AT, parent=top
    )
    assert units.list_tree(shop) == [(0, top), (1, low)]
    with pytest.raises(units.InvalidUnit):
        units.update(unit=top, name="HQ", kind="headquarters", parent=low, by=by, at=AT)
    with pytest.raises(units.InvalidUnit):
        units.create(community=shop, name="HQ", kind="local", by=by, at=AT)
    with pytest.raises(units.UnitInUse):
        units.close(unit=top, by=by, at=AT)
    units.close(unit=low, by=by, at=AT)
    units.close(unit=top, by=by, at=AT)


def test_a_unit_with_staff_stays_open() -> None:
    by = boss()
    unit = units.create(
        community=by.community, name="Front", kind="front", by=by, at=AT
    )
    bea = add(by, unit=unit)
    assert not units.may_close(unit)
    staff.deactivate(staff=bea, by=by, at=AT)
    assert units.may_close(unit)


def test_units_end_at_six_levels() -> None:
    by, above = boss(), None
    for level in range(6):
        above = units.create(
            community=by.community,
            name=str(level),
            kind="local",
            parent=above,
            by=by,
            at=AT,
        )
    with pytest.raises(units.InvalidUnit):
        units.create(
            community=by.community, name="x", kind="local", parent=above, by=by, at=AT
        )

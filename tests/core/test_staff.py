"""V3: staff, units and roles. Nobody can give more than they have."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.core import errors, permissions
from qunce.core.facts import audit
from qunce.core.staff import passwords, staff, units
from qunce.core.staff.models import Staff
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


def boss(role: str = permissions.Role.OWNER, **fields: Any) -> Staff:
    shop = factories.community()
    return factories.staff(shop, login="boss", role=role, **fields)


def add(by: Staff, **fields: Any) -> Staff:
    defaults = {"login": "bea", "name": "Bea", "role": "operator", "password": PASSWORD}
    return staff.add(by=by, at=AT, **(defaults | fields))


def test_password_of_added_staff_is_temporary() -> None:
    bea = add(boss())
    assert bea.check_password(PASSWORD)
    assert bea.password_is_temporary
    passwords.change(staff=bea, password="another horse entirely", at=AT)
    bea.refresh_from_db()
    assert not bea.password_is_temporary


@pytest.mark.parametrize(
    "password", ["short", "1234567890123", "password123", "beatrice-b"]
)
def test_weak_password_is_rejected(password: str) -> None:
    bea = add(boss(), login="beatrice-b")
    with pytest.raises(passwords.InvalidPassword):
        passwords.change(staff=bea, password=password, at=AT)


def test_operators_and_viewers_cannot_add_staff() -> None:
    for role in (permissions.Role.OPERATOR, permissions.Role.VIEWER):
        by = factories.staff(factories.community(role), login=f"by-{role}", role=role)
        with pytest.raises(permissions.NotAllowed):
            add(by)


def test_staff_with_a_scope_cannot_add_staff() -> None:
    by = boss(scope={"all": []})
    assert not permissions.may_manage_staff(by)
    with pytest.raises(permissions.NotAllowed):
        add(by)


def test_manager_cannot_add_or_change_an_owner() -> None:
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


def test_staff_of_another_community_cannot_be_changed() -> None:
    owner = boss()
    other = factories.staff(factories.community("other"), login="zed", role="operator")
    with pytest.raises(errors.NotFound):
        staff.update(staff=other, by=owner, at=AT, name="Mine")
    with pytest.raises(staff.StaffNotFound):
        staff.get(owner, other.pk)


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "changes", [{"role": "manager"}, {"scope": {"all": []}}, {"groups": []}]
)
def test_last_owner_cannot_be_deactivated_or_limited(changes: dict[str, Any]) -> None:
    owner = boss()
    with pytest.raises(staff.LastOwner):
        staff.update(staff=owner, by=owner, at=AT, **changes)
    with pytest.raises(staff.LastOwner):
        staff.deactivate(staff=owner, by=owner, at=AT)
    add(owner, login="second", role="owner")
    staff.update(staff=owner, by=owner, at=AT, **changes)


@pytest.mark.parametrize(
    "login", ["", "x", "two words", "a\u202eb", "system@shop", "n\0l"]
)
def test_invalid_login_is_rejected(login: str) -> None:
    with pytest.raises(staff.InvalidStaff):
        add(boss(), login=login)


@pytest.mark.both_databases
def test_logins_are_unique_regardless_of_case() -> None:
    owner = boss()
    add(owner)
    with pytest.raises(staff.InvalidStaff):
        add(owner, login="BEA")


@pytest.mark.both_databases
def test_system_account_is_not_listed() -> None:
    from qunce.core.staff import models as staff_models

    owner = boss()
    staff_models.system(owner.community)
    assert [each.login for each in staff.list_all(owner.community)] == ["boss"]


def test_changes_of_staff_are_in_the_audit_log() -> None:
    owner = boss()
    bea = add(owner)
    staff.update(staff=bea, by=owner, at=AT, name="Bee")
    staff.update(staff=bea, by=owner, at=AT, name="Bee")
    staff.deactivate(staff=bea, by=owner, at=AT)
    staff.reactivate(staff=bea, by=owner, at=AT)
    names = audit.list_kinds(owner.community)
    entries = audit.list_entries(community=owner.community)
    kinds = ["staff.returned", "staff.left", "staff.changed", "staff.joined"]
    assert [names[entry.kind_id] for entry in entries] == kinds
    assert {entry.actor_id for entry in entries} == {owner.pk}
    assert entries[2].detail["changed"] == '["name"]'


def test_unit_cannot_be_placed_below_itself() -> None:
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


def test_unit_with_staff_cannot_be_closed() -> None:
    by = boss()
    unit = units.create(
        community=by.community, name="Front", kind="front", by=by, at=AT
    )
    bea = add(by, unit=unit)
    assert not units.may_close(unit)
    staff.deactivate(staff=bea, by=by, at=AT)
    assert units.may_close(unit)


@pytest.mark.both_databases
def test_units_have_at_most_six_levels() -> None:
    by, parent = boss(), None
    for level in range(6):
        parent = units.create(
            community=by.community,
            name=str(level),
            kind="local",
            parent=parent,
            by=by,
            at=AT,
        )
    with pytest.raises(units.InvalidUnit):
        units.create(
            community=by.community, name="x", kind="local", parent=parent, by=by, at=AT
        )

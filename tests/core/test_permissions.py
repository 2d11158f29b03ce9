from __future__ import annotations

import pytest

from qunce.core import permissions
from qunce.core.permissions import Role
from tests import factories

DRAW = permissions.declare("tests.draw", Role.MANAGER)
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("role", "may"),
    [(Role.OWNER, True), (Role.MANAGER, True), (Role.OPERATOR, False)],
)
def test_roles_have_their_declared_permissions_and_owners_have_all(
    role: Role, may: bool
) -> None:
    by = factories.staff(factories.community(), role=role)
    assert permissions.may(by, DRAW) is may


def test_refusal_names_the_staff_and_the_permission() -> None:
    by = factories.staff(factories.community(), name="Ann", role=Role.VIEWER)
    with pytest.raises(permissions.NotAllowed, match=r"Ann.*tests\.draw"):
        permissions.check_may(by, DRAW)


def test_every_permission_has_a_label() -> None:
    names = [name for name in permissions.declared() if not name.startswith("tests.")]
    assert len(names) > 30
    assert [name for name in names if permissions.label_of(name) == name] == []


def test_inactive_staff_have_no_permissions() -> None:
    by = factories.staff(factories.community(), role=Role.OWNER)
    assert permissions.may(by, DRAW)
    by.is_active = False
    assert not permissions.may(by, DRAW)


def test_only_staff_without_a_scope_pass_the_check_for_the_whole_community() -> None:
    shop = factories.community()
    permissions.check_unscoped(factories.staff(shop, role=Role.OWNER))
    by_rule = factories.staff(shop, login="bea", scope={"all": []})
    by_groups = factories.staff(shop, login="cy")
    by_groups.groups = []
    for by in (by_rule, by_groups):
        assert by.is_scoped
        with pytest.raises(permissions.ScopeTooNarrow, match="the whole community"):
            permissions.check_unscoped(by)
        with pytest.raises(permissions.ScopeTooNarrow, match="a reason"):
            permissions.check_unscoped(by, "a reason")

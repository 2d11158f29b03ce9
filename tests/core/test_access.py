from __future__ import annotations

import pytest

from qunce.core import permissions
from qunce.core.permissions import Role
from tests.core import made

DRAW = permissions.declare("tests.draw", Role.MANAGER)
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("role", "may"),
    [(Role.OWNER, True), (Role.MANAGER, True), (Role.OPERATOR, False)],
)
def test_a_role_carries_what_was_declared_and_an_owner_all(
    role: Role, may: bool
) -> None:
    by = made.staff(made.community(), role=role)
    assert permissions.may(by, DRAW) is may


def test_who_may_not_reads_why() -> None:
    by = made.staff(made.community(), name="Ann", role=Role.VIEWER)
    with pytest.raises(permissions.NotAllowed, match=r"Ann.*tests\.draw"):
        permissions.check_may(by, DRAW)


def test_who_has_gone_may_nothing() -> None:
    by = made.staff(made.community(), role=Role.OWNER)
    by.is_active = False
    assert not permissions.may(by, DRAW)

"""Roles that a community makes itself: nobody gives more than they have."""

from __future__ import annotations

import pytest

from qunce.core import errors, permissions
from qunce.core.communities import Community
from qunce.core.staff import passwords, roles, staff
from qunce.core.staff.models import Staff
from qunce.core.staff.roles import CustomRole
from qunce.members.tags import assignments, library
from tests import factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(shop: Community) -> Staff:
    return factories.staff(shop, login="boss")


@pytest.fixture
def manager(shop: Community) -> Staff:
    return factories.staff(shop, "manager", "max")


def make(owner: Staff, *chosen: str, base: str = "operator") -> CustomRole:
    return roles.create(
        name="Clerk", base=base, chosen=["staff.manage", *chosen], by=owner, at=AT
    )


def give(role: CustomRole, by: Staff, to: Staff) -> None:
    staff.update(staff=to, role=role.base, custom_role=role, by=by, at=AT)
    to.refresh_from_db()


def test_role_allows_what_was_chosen_and_nothing_else(
    shop: Community, owner: Staff
) -> None:
    clerk = factories.staff(shop, "operator", "bea")
    (ann,) = factories.members(shop, "ann")
    tag = factories.tag(shop, "vip")
    assignments.apply(tag=tag, accounts=[ann], by=clerk, at=AT)
    role = make(owner, "tags.manage")
    give(role, owner, clerk)
    assert clerk.role_label == "Clerk"
    library.update(tag=tag, name="VIP", by=clerk, at=AT)
    with pytest.raises(permissions.NotAllowed):
        assignments.apply(tag=tag, accounts=[ann], by=clerk, at=AT)
    # A change applies to all who have the role.
    roles.update(role=role, name="Clerk", chosen=["tags.apply"], by=owner, at=LATER)
    clerk = Staff.objects.get(pk=clerk.pk)
    assignments.apply(tag=tag, accounts=[ann], by=clerk, at=AT)
    with pytest.raises(permissions.NotAllowed):
        library.update(tag=tag, name="VIP", by=clerk, at=AT)
    staff.update(staff=clerk, role="viewer", by=owner, at=LATER)
    assert (clerk.custom_role, clerk.role_label) == (None, "viewer")


def test_nobody_gives_more_than_they_have(
    shop: Community, owner: Staff, manager: Staff
) -> None:
    own = permissions.permissions_of(owner) - permissions.permissions_of(manager)
    assert "settings.backup" in own
    with pytest.raises(permissions.NotAllowed):
        make(manager, "settings.backup")
    bea = factories.staff(shop, "operator", "bea")
    strong = make(owner, "settings.backup")
    with pytest.raises(permissions.NotAllowed):
        give(strong, manager, bea)
    with pytest.raises(permissions.NotAllowed):
        roles.update(role=strong, name="Weak", chosen=[], by=manager, at=AT)
    with pytest.raises(roles.InvalidRole):
        roles.create(name="Boss", base="owner", chosen=[], by=owner, at=AT)


def test_holder_of_few_permissions_manages_nobody_with_more(
    shop: Community, owner: Staff, manager: Staff
) -> None:
    """Otherwise they could give a manager a new password and sign in as them."""
    viewer = factories.staff(shop, "viewer", "vic")
    role = roles.create(
        name="Helper",
        base="manager",
        # What viewers may do, so that somebody has fewer permissions.
        chosen=["staff.manage", *sorted(permissions.permissions_of(viewer))],
        by=owner,
        at=AT,
    )
    helper = factories.staff(shop, "operator", "bea")
    give(role, owner, helper)
    password = "quiet harbour at dawn"
    for target in (manager, owner, factories.staff(shop, "operator", "oli")):
        with pytest.raises(permissions.NotAllowed):
            passwords.set_temporary(staff=target, password=password, by=helper, at=AT)
    passwords.set_temporary(staff=viewer, password=password, by=helper, at=AT)
    with pytest.raises(permissions.NotAllowed):
        roles.update(role=role, name="Helper", chosen=["tags.manage"], by=helper, at=AT)


def test_role_in_use_stays(shop: Community, owner: Staff) -> None:
    role = make(owner)
    bea = factories.staff(shop, "operator", "bea")
    give(role, owner, bea)
    with pytest.raises(roles.RoleInUse):
        roles.delete(role=role, by=owner, at=AT)
    staff.update(staff=bea, role="operator", by=owner, at=AT)
    roles.delete(role=role, by=owner, at=AT)
    with pytest.raises(roles.RoleNotFound):
        roles.get(owner, role.pk or 0)


def test_role_of_another_community_is_unknown(shop: Community, owner: Staff) -> None:
    other = factories.staff(factories.community("other"), login="zed")
    role = make(other)
    bea = factories.staff(shop, "operator", "bea")
    for attempt in (
        lambda: give(role, owner, bea),
        lambda: roles.delete(role=role, by=owner, at=AT),
        lambda: roles.get(owner, role.pk),
    ):
        with pytest.raises(errors.NotFound):
            attempt()


@pytest.mark.parametrize("name", ["", "x" * 61, "Manager", "clerk"])
def test_invalid_names_are_refused(owner: Staff, name: str) -> None:
    make(owner)
    with pytest.raises(roles.InvalidRole):
        roles.create(name=name, base="viewer", chosen=[], by=owner, at=AT)

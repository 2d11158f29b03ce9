"""Permissions of staff. Checks come in pairs: `check_…` raises, `may_…` asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff


class Role(models.TextChoices):
    OWNER = "owner", gettext_lazy("owner")
    MANAGER = "manager", gettext_lazy("manager")
    OPERATOR = "operator", gettext_lazy("operator")
    VIEWER = "viewer", gettext_lazy("viewer")


RANK = {Role.OWNER: 3, Role.MANAGER: 2, Role.OPERATOR: 1, Role.VIEWER: 0}


class NotAllowed(errors.Refused):
    """The role does not have the required permission."""


class ScopeTooNarrow(NotAllowed):
    """Only staff who see the whole community may do this."""


_roles: dict[str, frozenset[Role]] = {}
_community_wide: set[str] = set()


def declare(permission: str, *roles: Role, community_wide: bool = False) -> str:
    """Declare a permission of `roles` and of owners, who have all; returns its name.

    What is `community_wide` concerns members whom staff with a scope do not see, so they
    never have the permission.
    """
    _roles[permission] = frozenset({Role.OWNER, *roles})
    if community_wide:
        _community_wide.add(permission)
    return permission


def declared() -> dict[str, frozenset[Role]]:
    return dict(_roles)


def list_community_wide() -> list[str]:
    return sorted(_community_wide)


MANAGE_STAFF = declare("staff.manage", Role.MANAGER, community_wide=True)
MANAGE_COMMUNITIES = declare("communities.manage", community_wide=True)
BACK_UP = declare("settings.backup", community_wide=True)


def check_may(by: Staff, permission: str) -> None:
    # Staff may be deactivated while they are signed in.
    if Role(by.role) not in _roles[permission] or not by.is_active:
        raise NotAllowed(
            _(
                "%(name)s is not allowed to do this. The permission %(permission)s "
                "is required."
            )
            % {"name": by.name, "permission": permission}
        )
    if permission in _community_wide:
        check_unscoped(by)


def may(by: Staff, permission: str) -> bool:
    try:
        check_may(by, permission)
    except NotAllowed:
        return False
    return True


def check_unscoped(by: Staff, reason: str = "") -> None:
    """Raise ScopeTooNarrow with `reason`, or a general sentence, if `by` has a scope."""
    if by.is_scoped:
        raise ScopeTooNarrow(
            reason or _("Only staff who see the whole community may do this.")
        )


def check_manage_staff(by: Staff, staff: Staff | None = None) -> None:
    """Check that `by` may manage staff, units and API keys, and `staff` in particular.

    Nobody can give more than they have: staff with a scope manage nobody, and managers
    do not manage owners.
    """
    check_may(by, MANAGE_STAFF)
    if staff is None:
        return
    # Otherwise a manager could give an owner a new password and sign in as them.
    outranked = RANK[Role(staff.role)] > RANK[Role(by.role)]
    if outranked or staff.community_id != by.community_id:
        raise NotAllowed(_("Only an owner may change an owner."))


def may_manage_staff(by: Staff, staff: Staff | None = None) -> bool:
    try:
        check_manage_staff(by, staff)
    except NotAllowed:
        return False
    return True


def check_give_role(by: Staff, role: Role) -> None:
    if RANK[role] > RANK[Role(by.role)]:
        raise NotAllowed(_("Only an owner may make someone an owner."))

"""Permissions of staff. Checks come in pairs: `check_…` raises, `may_…` asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

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


class PermissionMissing(NotAllowed):
    """A role without the permission that is asked for."""

    def __init__(self, by: Staff, permission: str) -> None:
        super().__init__(
            _(
                "%(name)s is not allowed to do this. The permission %(permission)s "
                "is required."
            )
            % {"name": by.name, "permission": permission}
        )
        self.permission = permission


class ScopeTooNarrow(NotAllowed):
    """Only staff who see the whole community may do this."""


_asked: ContextVar[set[str] | None] = ContextVar("asked", default=None)
_roles: dict[str, frozenset[Role]] = {}
_labels: dict[str, StrOrPromise] = {}
_community_wide: set[str] = set()


def declare(
    permission: str,
    *roles: Role,
    label: StrOrPromise = "",
    community_wide: bool = False,
) -> str:
    """Declare a permission of `roles` and of owners, who have all; returns its name.

    `label` says what it allows, after “may”. What is `community_wide` concerns members
    whom staff with a scope do not see, so they never have the permission.
    """
    _roles[permission] = frozenset({Role.OWNER, *roles})
    _labels[permission] = label
    if community_wide:
        _community_wide.add(permission)
    return permission


def declared() -> dict[str, frozenset[Role]]:
    return dict(_roles)


def label_of(permission: str) -> StrOrPromise:
    """What staff read instead of its name."""
    return _labels.get(permission) or permission


def list_community_wide() -> list[str]:
    return sorted(_community_wide)


MANAGE_STAFF = declare(
    "staff.manage",
    Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("manage staff, units, scopes and API keys"),
)
MANAGE_COMMUNITIES = declare(
    "communities.manage",
    community_wide=True,
    label=gettext_lazy("add communities and change their clock"),
)
BACK_UP = declare(
    "settings.backup", community_wide=True, label=gettext_lazy("back up and restore")
)


@contextmanager
def recording() -> Iterator[set[str]]:
    """Collect the permissions that are checked, so that they can be checked again."""
    asked: set[str] = set()
    token = _asked.set(asked)
    try:
        yield asked
    finally:
        _asked.reset(token)


def check_may(by: Staff, permission: str) -> None:
    if (asked := _asked.get()) is not None:
        asked.add(permission)
    # Staff may be deactivated while they are signed in.
    if not _has(by, permission) or not by.is_active:
        raise PermissionMissing(by, permission)
    if permission in _community_wide:
        check_unscoped(by)


def _has(by: Staff, permission: str) -> bool:
    # Who entered by a link has the rights of its role, and never more than their own.
    if by.session_role and Role(by.session_role) not in _roles[permission]:
        return False
    if by.custom_role_id is not None and by.custom_role is not None:
        return permission in by.custom_role.permissions
    return Role(by.role) in _roles[permission]


def role_of(by: Staff) -> Role:
    """The role of `by`, or that of the link by which they entered if that is lower."""
    roles = [Role(by.role), *([Role(by.session_role)] if by.session_role else [])]
    return min(roles, key=RANK.__getitem__)


def permissions_of(staff: Staff) -> frozenset[str]:
    """The permissions of their role, whatever their scope takes away."""
    return frozenset(name for name in _roles if _has(staff, name))


def check_community(by: Staff | None, community_id: int) -> None:
    """Raise NotFound for staff of another community, who know of nothing in this one.

    It stands where changes are recorded, so that no verb can forget it.
    """
    if by is not None and by.community_id != community_id:
        raise errors.NotFound(_("There is no such object in your community."))


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
    if staff.community_id != by.community_id:
        raise errors.NotFound(_("There is no such staff member."))
    if RANK[Role(staff.role)] > RANK[Role(by.role)]:
        raise NotAllowed(_("Only an owner may change an owner."))
    if not permissions_of(staff) <= permissions_of(by):
        raise NotAllowed(
            _("%(name)s has permissions that you do not have.") % {"name": staff.name}
        )


def may_manage_staff(by: Staff, staff: Staff | None = None) -> bool:
    try:
        check_manage_staff(by, staff)
    except NotAllowed:
        return False
    return True


def may_give(by: Staff, role: Role, chosen: Iterable[str] | None = None) -> bool:
    try:
        check_give(by, role, chosen)
    except NotAllowed:
        return False
    return True


def check_give(by: Staff, role: Role, chosen: Iterable[str] | None = None) -> None:
    """Check that `by` may give a role, with the `chosen` permissions instead of its own."""
    if RANK[role] > RANK[Role(by.role)]:
        raise NotAllowed(_("Only an owner may make someone an owner."))
    if chosen is None:
        chosen = [name for name, roles in _roles.items() if role in roles]
    missing = sorted(set(chosen) - permissions_of(by))
    if missing:
        raise NotAllowed(
            _("You cannot give a permission that you do not have: %(permission)s.")
            % {"permission": missing[0]}
        )

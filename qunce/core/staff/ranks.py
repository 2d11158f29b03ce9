"""Who may manage staff, units and keys: nobody can give more than they have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.core import permissions

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

MANAGE = permissions.declare("staff.manage", permissions.Role.MANAGER)
RANK = {
    permissions.Role.OWNER: 3,
    permissions.Role.MANAGER: 2,
    permissions.Role.OPERATOR: 1,
    permissions.Role.VIEWER: 0,
}


def check_manage(by: Staff) -> None:
    """Staff with a scope cannot give others more access than they have."""
    permissions.check_may(by, MANAGE)
    permissions.check_unscoped(by)


def may_manage(by: Staff) -> bool:
    try:
        check_manage(by)
    except permissions.NotAllowed:
        return False
    return True


def check_over(by: Staff, whom: Staff) -> None:
    """A manager leaves owners alone; another community's staff are nobody's here."""
    check_manage(by)
    above = RANK[permissions.Role(whom.role)] > RANK[permissions.Role(by.role)]
    if above or whom.community_id != by.community_id:
        raise permissions.NotAllowed(_("Only an owner may change an owner."))


def may_over(by: Staff, whom: Staff) -> bool:
    try:
        check_over(by, whom)
    except permissions.NotAllowed:
        return False
    return True


def check_role(by: Staff, role: permissions.Role) -> None:
    if RANK[role] > RANK[permissions.Role(by.role)]:
        raise permissions.NotAllowed(_("Only an owner may make someone an owner."))

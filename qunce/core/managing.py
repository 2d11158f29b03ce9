"""Who may manage staff, units and keys: nobody can give more than they have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.core import access

if TYPE_CHECKING:
    from qunce.core.operators import Operator

MANAGE = access.declare("staff.manage", access.Role.MANAGER)
RANK = {
    access.Role.OWNER: 3,
    access.Role.MANAGER: 2,
    access.Role.OPERATOR: 1,
    access.Role.VIEWER: 0,
}


def check_manage(by: Operator) -> None:
    """Who sees a part of the community only cannot open the whole of it to others."""
    access.check_may(by, MANAGE)
    if by.scope is not None or by.groups is not None:
        raise access.NotAllowed(
            _("This is for those who see the whole community, not a part of it.")
        )


def may_manage(by: Operator) -> bool:
    try:
        check_manage(by)
    except access.NotAllowed:
        return False
    return True


def check_over(by: Operator, whom: Operator) -> None:
    """A manager leaves owners alone; another community's staff are nobody's here."""
    check_manage(by)
    above = RANK[access.Role(whom.role)] > RANK[access.Role(by.role)]
    if above or whom.community_id != by.community_id:
        raise access.NotAllowed(_("Only an owner may change an owner."))


def may_over(by: Operator, whom: Operator) -> bool:
    try:
        check_over(by, whom)
    except access.NotAllowed:
        return False
    return True


def check_role(by: Operator, role: access.Role) -> None:
    if RANK[role] > RANK[access.Role(by.role)]:
        raise access.NotAllowed(_("Only an owner may make an owner."))

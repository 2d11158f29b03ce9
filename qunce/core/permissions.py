"""Who may do what. Checks come in pairs: `check_may` raises, `may` asks."""

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


class NotAllowed(errors.Refused):
    """The operator's role does not carry this permission."""


class ScopeTooNarrow(NotAllowed):
    """Only staff who see the whole community may do this."""


_granted: dict[str, frozenset[Role]] = {}


def declare(permission: str, *roles: Role) -> str:
    """A permission and the roles that carry it; an owner carries all."""
    _granted[permission] = frozenset({Role.OWNER, *roles})
    return permission


def declared() -> dict[str, frozenset[Role]]:
    return dict(_granted)


def check_may(by: Staff, permission: str) -> None:
    if Role(by.role) not in _granted[permission] or not by.is_active:
        raise NotAllowed(
            _(
                "%(name)s is not allowed to do this. The permission %(permission)s "
                "is required."
            )
            % {"name": by.name, "permission": permission}
        )


def may(by: Staff, permission: str) -> bool:
    try:
        check_may(by, permission)
    except NotAllowed:
        return False
    return True


def check_unscoped(by: Staff, reason: str = "") -> None:
    """`reason` is what they read instead of the general sentence."""
    if by.is_scoped:
        raise ScopeTooNarrow(
            reason or _("Only staff who see the whole community may do this.")
        )

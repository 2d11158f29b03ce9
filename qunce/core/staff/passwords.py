"""Passwords of staff: their own, and temporary ones that are valid for one sign-in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions
from qunce.core.facts import facts
from qunce.core.staff import linked_accounts, sessions
from qunce.core.staff.models import Staff


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PasswordChanged(facts.FactKind):
    kind = "staff.password_changed"
    label = gettext_lazy("password changed")
    staff: int
    login: str


class InvalidPassword(errors.Invalid):
    """The password is too short, too common or the current one."""


def check(password: str, staff: Staff) -> None:
    try:
        password_validation.validate_password(password, staff)
    except ValidationError as error:
        raise InvalidPassword(" ".join(error.messages)) from None


@transaction.atomic
def set_temporary(*, staff: Staff, password: str, by: Staff, at: datetime) -> None:
    """Replace a forgotten password; all sessions of `staff` end.

    Their accounts in other communities are no longer linked, since whoever sets the
    password may sign in with it.
    """
    permissions.check_manage_staff(by, staff)
    if by.pk != staff.pk:
        linked_accounts.part(staff=staff, by=by, at=at)
    _store(staff, password, temporary=True, by=by, at=at)
    # Somebody who knows the old password may be signed in.
    sessions.end_all(staff)


@transaction.atomic
def change(*, staff: Staff, password: str, at: datetime) -> None:
    """Set one's own password. Django ends the other sessions, as it signs them with it."""
    check(password, staff)
    if staff.check_password(password):
        raise InvalidPassword(
            _("Choose a password that differs from your current one.")
        )
    _store(staff, password, temporary=False, by=staff, at=at)


def _store(
    staff: Staff, password: str, *, temporary: bool, by: Staff, at: datetime
) -> None:
    staff.set_password(password)
    staff.password_is_temporary = temporary
    staff.save(update_fields=["password", "password_is_temporary"])
    fact = PasswordChanged(staff=staff.pk, login=staff.login)
    facts.record(fact, community=staff.community, by=by, at=at)

"""Staff: taking on, changing, letting go; nobody can give more than they have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, text_validation
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.core.staff import ranks, sessions
from qunce.core.staff.models import Staff
from qunce.core.staff.units import Unit

MAX_LENGTH = 120
SYSTEM_LOGIN_PREFIX = "system@"
"""Logins of the house itself begin so; they are nobody's."""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class StaffJoined(facts.FactKind):
    kind = "staff.joined"
    label = gettext_lazy("staff added")
    staff: int
    login: str
    role: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class StaffChanged(facts.FactKind):
    kind = "staff.changed"
    label = gettext_lazy("staff changed")
    staff: int
    login: str
    changed: list[str]
    role: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class StaffLeft(facts.FactKind):
    kind = "staff.left"
    label = gettext_lazy("staff deactivated")
    staff: int
    login: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class StaffReturned(facts.FactKind):
    kind = "staff.returned"
    label = gettext_lazy("staff reactivated")
    staff: int
    login: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TwoFactorRequirementChanged(facts.FactKind):
    kind = "staff.two_factor_required"
    label = gettext_lazy("two-factor requirement changed")
    required: bool


class StaffNotFound(errors.NotFound):
    """Nobody works here under that number."""


class InvalidStaff(errors.Invalid):
    """A login, a name, a role, a password or a scope is not valid."""


class LastOwner(errors.Refused):
    """A community keeps at least one owner who can sign in."""


def check_role(by: Staff, role: str) -> None:
    if role not in permissions.Role.values:
        raise InvalidStaff(_("There is no role “%(role)s”.") % {"role": role})
    ranks.check_role(by, permissions.Role(role))


def check_login(login: str, *, of: Staff | None = None) -> None:
    login = login.strip()
    plain = login.isprintable() and not any(each.isspace() for each in login)
    if (
        not 2 <= len(login) <= MAX_LENGTH
        or not plain
        or login.startswith(SYSTEM_LOGIN_PREFIX)
    ):
        raise InvalidStaff(
            _("A login has 2 to %(most)s characters and no spaces.")
            % {"most": MAX_LENGTH}
        )
    taken = Staff.objects.filter(login__iexact=login)
    if (taken.exclude(pk=of.pk) if of else taken).exists():
        raise InvalidStaff(_("The login “%(login)s” is taken.") % {"login": login})


def check_name_and_email(*, name: str, email: str) -> None:
    if not 1 <= len(name.strip()) <= MAX_LENGTH or not text_validation.is_valid(name):
        raise InvalidStaff(
            _("Give a name of at most %(most)s characters.") % {"most": MAX_LENGTH}
        )
    if email:
        try:
            validate_email(email)
        except ValidationError:
            raise InvalidStaff(_("This is not an e-mail address.")) from None


def check_not_last_owner(staff: Staff) -> None:
    others = list_all(staff.community, role=permissions.Role.OWNER).exclude(pk=staff.pk)
    if staff.role == permissions.Role.OWNER and not others.filter(is_active=True):
        raise LastOwner(_("This is the last owner: make somebody else an owner first."))


def _check_new(by: Staff, *, login: str, role: str, **words: str) -> None:
    ranks.check_manage(by)
    check_role(by, role)
    check_login(login)
    check_name_and_email(**words)


@transaction.atomic
def add(
    *,
    login: str,
    name: str,
    role: str,
    password: str,
    by: Staff,
    at: datetime,
    email: str = "",
    unit: Unit | None = None,
    scope: Any = None,
    groups: Sequence[str] | None = None,
) -> Staff:
    """The password given here is good for one sign-in, at which a new one is chosen."""
    _check_new(by, login=login, role=role, name=name, email=email)
    made = staff_models.create(
        community=by.community,
        login=login.strip(),
        name=name.strip(),
        role=role,
        scope=scope,
        password=password,
        at=at,
    )
    made.email, made.unit, made.password_is_temporary = email, unit, True
    made.groups = None if groups is None else sorted(set(groups))
    made.save()
    joined = StaffJoined(staff=made.pk, login=made.login, role=role)
    facts.record(joined, community=by.community, by=by, at=at)
    return made


UPDATABLE_FIELDS = ("name", "login", "email", "role", "unit", "scope", "groups")


@transaction.atomic
def update(*, staff: Staff, by: Staff, at: datetime, **given: Any) -> None:
    """Any of `CHANGEABLE`; what is not given stays."""
    ranks.check_over(by, staff)
    after = {name: getattr(staff, name) for name in UPDATABLE_FIELDS} | given
    check_role(by, after["role"])
    check_login(after["login"], of=staff)
    check_name_and_email(name=after["name"], email=after["email"])
    if after["role"] != permissions.Role.OWNER or _limits(after):
        check_not_last_owner(staff)
    changed = [name for name in UPDATABLE_FIELDS if getattr(staff, name) != after[name]]
    if not changed:
        return
    for name in changed:
        setattr(staff, name, after[name])
    staff.save(update_fields=changed)
    told = StaffChanged(
        staff=staff.pk, login=staff.login, changed=changed, role=staff.role
    )
    facts.record(told, community=staff.community, by=by, at=at)


def _limits(after: dict[str, Any]) -> bool:
    return after["scope"] is not None or after["groups"] is not None


@transaction.atomic
def deactivate(*, staff: Staff, by: Staff, at: datetime) -> None:
    ranks.check_over(by, staff)
    check_not_last_owner(staff)
    if Staff.objects.filter(pk=staff.pk, is_active=True).update(is_active=False):
        sessions.end_all(staff)
        left = StaffLeft(staff=staff.pk, login=staff.login)
        facts.record(left, community=staff.community, by=by, at=at)


@transaction.atomic
def reactivate(*, staff: Staff, by: Staff, at: datetime) -> None:
    ranks.check_over(by, staff)
    if Staff.objects.filter(pk=staff.pk, is_active=False).update(is_active=True):
        back = StaffReturned(staff=staff.pk, login=staff.login)
        facts.record(back, community=staff.community, by=by, at=at)


@transaction.atomic
def set_preferences(
    *, staff: Staff, name: str, language: str, theme: str, at: datetime
) -> None:
    """What everybody chooses for themselves."""
    check_name_and_email(name=name, email="")
    given = {"name": name.strip(), "language": language, "theme": theme}
    changed = [field for field in given if getattr(staff, field) != given[field]]
    for field in changed:
        setattr(staff, field, given[field])
    staff.save(update_fields=changed)
    if "name" in changed:
        told = StaffChanged(
            staff=staff.pk,
            login=staff.login,
            changed=["name"],
            role=staff.role,
        )
        facts.record(told, community=staff.community, by=staff, at=at)


@transaction.atomic
def require_two_factor(*, required: bool, by: Staff, at: datetime) -> None:
    ranks.check_manage(by)
    community = by.community
    if Community.objects.filter(pk=community.pk, second_factor=not required).update(
        second_factor=required
    ):
        community.second_factor = required
        told = TwoFactorRequirementChanged(required=required)
        facts.record(told, community=community, by=by, at=at)


def get(by: Staff, pk: int) -> Staff:
    for staff in list_all(by.community).filter(pk=pk):
        return staff
    raise StaffNotFound(_("There is no such staff member."))


def list_all(community: Community, role: str = "") -> models.QuerySet[Staff]:
    """All staff by login, without the house itself."""
    found = Staff.objects.filter(community=community).exclude(
        login__startswith=SYSTEM_LOGIN_PREFIX
    )
    found = found.filter(role=role) if role else found
    return found.select_related("unit", "community").order_by("login")

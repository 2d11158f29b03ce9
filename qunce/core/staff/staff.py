"""Staff: adding, updating, deactivating. Nobody can give more than they have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, text_validation
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff import linked_accounts, roles, scopes, sessions, units
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import SYSTEM_LOGIN_PREFIX, Staff
from qunce.core.staff.roles import CustomRole
from qunce.core.staff.units import Unit

MAX_LENGTH = 120
UPDATABLE_FIELDS = {
    "name": "name",
    "login": "login",
    "email": "email",
    "role": "role",
    "custom_role": "custom_role",
    "unit": "unit",
    "scope": "own_scope",
    "groups": "own_groups",
}
"""Names for `update` and the fields that they set."""


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
    """There is no such staff member."""


class InvalidStaff(errors.Invalid):
    """The login, name, email address or role is not valid."""


class LastOwner(errors.Refused):
    """A community keeps at least one owner who can sign in and sees all of it."""


def check_role(by: Staff, role: str, custom: CustomRole | None = None) -> None:
    """Check that `by` may give a role, or a role of the community with this base."""
    if role not in permissions.Role.values:
        raise InvalidStaff(_("There is no role “%(role)s”.") % {"role": role})
    if custom is None:
        permissions.check_give(by, permissions.Role(role))
        return
    roles.check_of_community(custom, by)
    if role != custom.base:
        raise InvalidStaff(_("There is no role “%(role)s”.") % {"role": role})
    permissions.check_give(by, permissions.Role(role), custom.permissions)


def check_login(login: str, *, of: Staff | None = None) -> None:
    """Check a login; `of` is the staff member who has it or will have it."""
    login = login.strip()
    # Two logins that look the same must not differ in invisible characters.
    plain = login.isprintable() and not any(char.isspace() for char in login)
    reserved = login.startswith(SYSTEM_LOGIN_PREFIX)
    if not 2 <= len(login) <= MAX_LENGTH or not plain or reserved:
        raise InvalidStaff(
            _("A login has 2 to %(most)s characters and no spaces.")
            % {"most": MAX_LENGTH}
        )
    # Logins of all communities, since people sign in without naming theirs.
    others = Staff.objects.filter(login__iexact=login)
    if (others.exclude(pk=of.pk) if of else others).exists():
        raise InvalidStaff(_("The login “%(login)s” is taken.") % {"login": login})


def check_unit(by: Staff, unit: Unit | None) -> None:
    if unit is not None and unit.community_id != by.community_id:
        raise units.UnitNotFound(_("There is no such unit."))


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
    owners = list_all(staff.community, role=permissions.Role.OWNER)
    others = owners.filter(is_active=True).exclude(pk=staff.pk)
    if staff.role == permissions.Role.OWNER and not others.exists():
        raise LastOwner(_("This is the last owner: make somebody else an owner first."))


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
    custom_role: CustomRole | None = None,
) -> Staff:
    """Add staff. The password is valid for one sign-in, at which they choose their own."""
    permissions.check_manage_staff(by)
    check_role(by, role, custom_role)
    check_unit(by, unit)
    check_login(login)
    check_name_and_email(name=name, email=email)
    staff = staff_models.create(
        community=by.community,
        login=login.strip(),
        name=name.strip(),
        role=role,
        scope=scopes.prepare(by.community, scope),
        password=password,
        at=at,
    )
    staff.email, staff.unit, staff.password_is_temporary = email, unit, True
    staff.custom_role = custom_role
    staff.own_groups = scopes.sort_groups(groups)
    scopes.refresh(staff, at)
    # They have always seen what they see.
    staff.scope_changed_at = None
    staff.save()
    joined = StaffJoined(staff=staff.pk, login=staff.login, role=role)
    facts.record(joined, community=by.community, by=by, at=at)
    return staff


@transaction.atomic
def update(*, staff: Staff, by: Staff, at: datetime, **changes: Any) -> None:
    """Update any of `UPDATABLE_FIELDS`."""
    permissions.check_manage_staff(by, staff)
    old = {name: getattr(staff, field) for name, field in UPDATABLE_FIELDS.items()}
    if "role" in changes:
        # A built-in role takes the place of one of the community.
        changes.setdefault("custom_role", None)
    new = old | changes
    if changes.get("scope") is not None:
        new["scope"] = scopes.prepare(staff.community, changes["scope"])
    new["groups"] = scopes.sort_groups(new["groups"])
    check_role(by, new["role"], new["custom_role"])
    check_unit(by, new["unit"])
    check_login(new["login"], of=staff)
    check_name_and_email(name=new["name"], email=new["email"])
    # An owner with a scope cannot manage staff, so the last one keeps the whole view.
    is_scoped = new["scope"] is not None or new["groups"] is not None
    if new["role"] != permissions.Role.OWNER or is_scoped:
        check_not_last_owner(staff)
    # Only what differs is recorded, so that the audit log shows who changed what.
    changed = [name for name in UPDATABLE_FIELDS if old[name] != new[name]]
    if not changed:
        return
    fields = [UPDATABLE_FIELDS[name] for name in changed]
    for name, field in zip(changed, fields, strict=True):
        setattr(staff, field, new[name])
    staff.save(update_fields=fields + scopes.refresh(staff, at))
    if "login" in changed and settings.OIDC_ISSUER and by.person != staff.person:
        # Who has the new login at the sign-in service could sign in as them.
        linked_accounts.part(staff=staff, by=by, at=at)
    fact = StaffChanged(
        staff=staff.pk, login=staff.login, changed=changed, role=staff.role
    )
    facts.record(fact, community=staff.community, by=by, at=at)


@transaction.atomic
def deactivate(*, staff: Staff, by: Staff, at: datetime) -> None:
    permissions.check_manage_staff(by, staff)
    check_not_last_owner(staff)
    # Only the call that changes the row records a fact.
    if Staff.objects.filter(pk=staff.pk, is_active=True).update(is_active=False):
        # Pages check `is_active` as well; this also ends the sessions for the list of
        # sessions.
        sessions.end_all(staff)
        left = StaffLeft(staff=staff.pk, login=staff.login)
        facts.record(left, community=staff.community, by=by, at=at)


@transaction.atomic
def reactivate(*, staff: Staff, by: Staff, at: datetime) -> None:
    permissions.check_manage_staff(by, staff)
    if Staff.objects.filter(pk=staff.pk, is_active=False).update(is_active=True):
        returned = StaffReturned(staff=staff.pk, login=staff.login)
        facts.record(returned, community=staff.community, by=by, at=at)


@transaction.atomic
def set_preferences(
    *, staff: Staff, name: str, language: str, theme: str, at: datetime
) -> None:
    """Update what staff choose for themselves. Only a new name is recorded as a fact."""
    check_name_and_email(name=name, email="")
    new = {"name": name.strip(), "language": language, "theme": theme}
    changed = [field for field in new if getattr(staff, field) != new[field]]
    for field in changed:
        setattr(staff, field, new[field])
    staff.save(update_fields=changed)
    if "name" in changed:
        fact = StaffChanged(
            staff=staff.pk, login=staff.login, changed=["name"], role=staff.role
        )
        facts.record(fact, community=staff.community, by=staff, at=at)


@transaction.atomic
def require_two_factor(*, required: bool, by: Staff, at: datetime) -> None:
    """Require two-factor of all staff of the community, or leave it to each of them."""
    permissions.check_manage_staff(by)
    community = by.community
    rows = Community.objects.filter(pk=community.pk, two_factor_required=not required)
    if rows.update(two_factor_required=required):
        community.two_factor_required = required
        fact = TwoFactorRequirementChanged(required=required)
        facts.record(fact, community=community, by=by, at=at)


def get(by: Staff, pk: int) -> Staff:
    for staff in list_all(by.community).filter(pk=pk):
        return staff
    raise StaffNotFound(_("There is no such staff member."))


def get_by_login(by: Staff, login: str) -> Staff:
    for staff in list_all(by.community).filter(login=login):
        return staff
    raise StaffNotFound(
        _("There is no staff member with the login “%(login)s”.") % {"login": login}
    )


def logins_by_id(ids: Iterable[int | None]) -> dict[int, str]:
    """Id → login of these staff; an entry of None is left out."""
    wanted = {pk for pk in ids if pk is not None}
    return dict(Staff.objects.filter(pk__in=wanted).values_list("pk", "login"))


def list_all(community: Community, role: str = "") -> models.QuerySet[Staff]:
    """All staff by login, without the system account."""
    staff = Staff.objects.filter(community=community)
    staff = staff.exclude(login__startswith=SYSTEM_LOGIN_PREFIX)
    if role:
        staff = staff.filter(role=role)
    return staff.select_related("unit", "community", "custom_role").order_by("login")

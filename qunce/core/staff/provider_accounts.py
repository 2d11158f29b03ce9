"""Accounts at the sign-in service of an organisation, and the staff they belong to.

An account is linked with the staff member whose login it names, at its first sign-in.
Accounts that have one of the chosen roles there can be given staff of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, text_validation, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff import linked_accounts
from qunce.core.staff import models as staff_models
from qunce.core.staff import staff as staff_store
from qunce.core.staff.models import Staff


class ProviderAccount(models.Model):
    """`subject` is what the issuer calls the person, and never changes there.

    `has_provider_role` says that the roles of the account decide that of the staff.
    """

    staff = models.ForeignKey(Staff, models.CASCADE, related_name="provider_accounts")
    issuer = models.CharField(max_length=200)
    subject = models.CharField(max_length=255)
    has_provider_role = models.BooleanField(default=False)
    linked_at = timestamps.TimestampField()

    class Meta:
        db_table = "core_provider_account"
        constraints = [
            models.UniqueConstraint(
                fields=["issuer", "subject"], name="one_staff_per_provider_account"
            ),
            models.UniqueConstraint(
                fields=["issuer", "staff"], name="one_provider_account_per_staff"
            ),
        ]

    def __str__(self) -> str:
        return f"account of staff {self.staff_id} at {self.issuer}"


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ProviderAccountLinked(facts.FactKind):
    kind = "staff.provider_account_linked"
    label = gettext_lazy("account of the sign-in service linked")
    staff: int
    login: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ProviderAccountUnlinked(facts.FactKind):
    kind = "staff.provider_account_unlinked"
    label = gettext_lazy("account of the sign-in service unlinked")
    staff: int
    login: str


class SignInRefused(errors.Refused):
    """The account at the sign-in service belongs to no active staff member."""


class ProviderAccountNotFound(errors.NotFound):
    """The staff member has no account at the sign-in service."""


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What the issuer says about a person who signed in there."""

    issuer: str
    subject: str
    login: str
    name: str = ""
    email: str = ""
    roles: Sequence[str] = ()


def choose_role(roles: Sequence[str], mapping: Mapping[str, str]) -> str | None:
    """The highest role that `mapping` gives for any of the roles of the issuer."""
    given = [permissions.Role(mapping[role]) for role in roles if role in mapping]
    return max(given, key=permissions.RANK.__getitem__, default=None)


@transaction.atomic
def sign_in(claims: Claims, *, at: datetime) -> Staff:
    """Return the staff member whom the claims belong to; links or adds them if new.

    Raises SignInRefused with the reason and what to do.
    """
    role = choose_role(claims.roles, settings.OIDC_ROLES)
    account = _find(claims)
    if account is None:
        staff = _find_by_login(claims)
        if staff is None:
            return _add(claims, role, at)
        _link(staff, claims, has_provider_role=False, at=at)
        return _check_active(staff)
    staff = _check_active(account.staff)
    if account.has_provider_role and role != staff.role:
        _change_role(staff, role, at)
    return staff


def _find(claims: Claims) -> ProviderAccount | None:
    found = ProviderAccount.objects.filter(
        issuer=claims.issuer, subject=claims.subject
    ).select_related("staff__community")
    return next(iter(found), None)


def _find_by_login(claims: Claims) -> Staff | None:
    found = Staff.objects.filter(login__iexact=claims.login).select_related("community")
    staff = next(
        (each for each in found if not each.is_system and _is_same(each.login, claims)),
        None,
    )
    if staff is not None and staff.provider_accounts.filter(issuer=claims.issuer):
        raise SignInRefused(
            _(
                "The login “%(login)s” is linked with another account of the sign-in "
                "service. A manager can unlink it on the page of the staff member."
            )
            % {"login": claims.login}
        )
    return staff


def _is_same(login: str, claims: Claims) -> bool:
    """Whether they differ in the case of ASCII letters only.

    A database also takes “ı” for “i”, which the service keeps apart.
    """
    is_ascii = login.isascii() and claims.login.isascii()
    return login == claims.login or (is_ascii and login.lower() == claims.login.lower())


def _check_active(staff: Staff) -> Staff:
    if not staff.is_active:
        raise SignInRefused(
            _("The account “%(login)s” is deactivated. A manager can reactivate it.")
            % {"login": staff.login}
        )
    return staff


def _add(claims: Claims, role: str | None, at: datetime) -> Staff:
    communities = Community.objects.filter(key=settings.OIDC_COMMUNITY)
    community = next(iter(communities), None)
    if role is None or community is None:
        raise SignInRefused(
            _(
                "There is no staff member with the login “%(login)s”. A manager can add "
                "one with exactly this login."
            )
            % {"login": claims.login}
        )
    try:
        staff_store.check_login(claims.login)
    except staff_store.InvalidStaff as error:
        raise SignInRefused(str(error)) from error
    name = claims.name.strip()[: staff_store.MAX_LENGTH]
    staff = staff_models.create(
        community=community,
        login=claims.login.strip(),
        name=name if text_validation.is_valid(name) else "",
        role=role,
        at=at,
    )
    staff.email = claims.email
    staff.save(update_fields=["email"])
    by = staff_models.system(community)
    joined = staff_store.StaffJoined(staff=staff.pk, login=staff.login, role=role)
    facts.record(joined, community=community, by=by, at=at)
    _link(staff, claims, has_provider_role=True, at=at)
    return staff


def _link(
    staff: Staff, claims: Claims, *, has_provider_role: bool, at: datetime
) -> None:
    ProviderAccount.objects.create(
        staff=staff,
        issuer=claims.issuer,
        subject=claims.subject,
        has_provider_role=has_provider_role,
        linked_at=at,
    )
    linked = ProviderAccountLinked(staff=staff.pk, login=staff.login)
    by = staff_models.system(staff.community)
    facts.record(linked, community=staff.community, by=by, at=at)


def _change_role(staff: Staff, role: str | None, at: datetime) -> None:
    if role is None:
        raise SignInRefused(
            _("Your account at the sign-in service has no role for Qunce any more.")
        )
    by = staff_models.system(staff.community)
    staff_store.update(staff=staff, by=by, at=at, role=role)


@transaction.atomic
def unlink(*, staff: Staff, by: Staff, at: datetime) -> None:
    """Part a staff member from their account, so that another one can be linked."""
    permissions.check_manage_staff(by, staff)
    deleted, _rows = staff.provider_accounts.all().delete()
    if not deleted:
        raise ProviderAccountNotFound(
            _("This staff member has no account of the sign-in service.")
        )
    # Whoever is linked next can sign in as them.
    linked_accounts.part(staff=staff, by=by, at=at)
    unlinked = ProviderAccountUnlinked(staff=staff.pk, login=staff.login)
    facts.record(unlinked, community=staff.community, by=by, at=at)


def is_linked(staff: Staff) -> bool:
    return staff.provider_accounts.exists()

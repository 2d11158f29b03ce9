"""Accounts of one person in several communities, between which they switch."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import authenticate
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions
from qunce.core.facts import facts
from qunce.core.staff import login_attempts
from qunce.core.staff.models import Staff


@facts.declare
@dataclass(frozen=True, kw_only=True)
class StaffLinked(facts.FactKind):
    """`other` is the login of the account in the other community."""

    kind = "staff.linked"
    label = gettext_lazy("account linked with another community")
    staff: int
    login: str
    other: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class StaffUnlinked(facts.FactKind):
    kind = "staff.unlinked"
    label = gettext_lazy("account unlinked from other communities")
    staff: int
    login: str


class WrongPassword(errors.Invalid):
    """One of the passwords, or the login of the other account, is wrong."""


class AccountNotFound(errors.NotFound):
    """There is no such account among those that are linked."""


class AccountsNotLinkable(errors.Refused):
    """The two accounts cannot be those of one person."""


def check_linkable(first: Staff, second: Staff) -> None:
    if first.community_id == second.community_id:
        raise AccountsNotLinkable(_("Link accounts of two different communities."))
    if first.person and second.person and first.person != second.person:
        raise AccountsNotLinkable(
            _("Both accounts are already linked with those of other people.")
        )
    if person := first.person or second.person:
        others = Staff.objects.filter(
            person=person, community__in=[first.community_id, second.community_id]
        )
        if others.exclude(pk__in=[first.pk, second.pk]).exists():
            raise AccountsNotLinkable(
                _("This person has another account in one of the two communities.")
            )


@transaction.atomic
def link(*, first: Staff, second: Staff, by: tuple[Staff, Staff], at: datetime) -> None:
    """Let one person switch between their two accounts without a password.

    `by` are those who link them, in the community of the first and of the second.
    """
    for staff, manager in zip((first, second), by, strict=True):
        permissions.check_manage_staff(manager, staff)
    _link(first, second, by, at)


@transaction.atomic
def _link(first: Staff, second: Staff, by: tuple[Staff, Staff], at: datetime) -> None:
    check_linkable(first, second)
    person = first.person or second.person or uuid.uuid4()
    for staff, other, manager in ((first, second, by[0]), (second, first, by[1])):
        if staff.person == person:
            continue
        staff.person = person
        staff.save(update_fields=["person"])
        facts.record(
            StaffLinked(staff=staff.pk, login=staff.login, other=other.login),
            community=staff.community,
            by=manager,
            at=at,
        )


def link_own(
    *, staff: Staff, password: str, login: str, other_password: str, at: datetime
) -> Staff:
    """Link one's own account with another one of one's own; returns the other one.

    Both passwords are needed: somebody at an open page could otherwise link an account
    of theirs, or that of somebody else.
    """
    # Counted before it is tried, and in a transaction of its own, like a sign-in.
    subjects = ("pair", f"{staff.login} (link)"), ("login", login.strip().casefold())
    login_attempts.start(*subjects, at=at)
    if not staff.check_password(password):
        raise WrongPassword(_("The current password is incorrect."))
    other = authenticate(username=login.strip(), password=other_password)
    if not isinstance(other, Staff):
        raise WrongPassword(_("The login or password of the other account is wrong."))
    login_attempts.reset(*subjects)
    _link(staff, other, (staff, other), at)
    return other


@transaction.atomic
def unlink(*, staff: Staff, by: Staff, at: datetime) -> None:
    """Part an account from all that are linked with it.

    `by` is any account of the same person, or who may manage this one.
    """
    is_own = staff.person is not None and by.person == staff.person
    if not is_own:
        permissions.check_manage_staff(by, staff)
    # In each community, the person acts with their account there.
    if not part(staff=staff, by=staff if is_own else by, at=at):
        raise AccountsNotLinkable(_("This account is not linked."))


@transaction.atomic
def part(*, staff: Staff, by: Staff, at: datetime) -> bool:
    """Part an account from the others of its person; False if there are none.

    Verbs call it that let `by` sign in as `staff`: what `by` manages ends with their
    community, and a switch would lead into another one.
    """
    others = Staff.objects.filter(person=staff.person or uuid.uuid4())
    others = others.exclude(pk=staff.pk)
    if not others.exists():
        return False
    fact = StaffUnlinked(staff=staff.pk, login=staff.login)
    facts.record(fact, community=staff.community, by=by, at=at)
    if len(others) == 1:
        others.update(person=None)
    staff.person = None
    staff.save(update_fields=["person"])
    return True


def list_others(staff: Staff) -> list[Staff]:
    """Return the active accounts of the same person in other communities, by name."""
    if staff.person is None:
        return []
    rows = Staff.objects.filter(person=staff.person, is_active=True)
    rows = rows.exclude(pk=staff.pk).select_related("community")
    return list(rows.order_by("community__name", "pk"))

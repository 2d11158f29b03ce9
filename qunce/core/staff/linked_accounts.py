"""Accounts of one person in several communities, between which they switch."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions
from qunce.core.facts import facts
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


def list_others(staff: Staff) -> list[Staff]:
    """Return the active accounts of the same person in other communities, by name."""
    if staff.person is None:
        return []
    rows = Staff.objects.filter(person=staff.person, is_active=True)
    rows = rows.exclude(pk=staff.pk).select_related("community")
    return list(rows.order_by("community__name", "pk"))

"""Marking members as staff accounts: the accounts of people who work here.

A role in a group can make an account one, too (`groups.staff_roles`). No number counts
the people behind them, and no audience contains them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions
from qunce.core.facts import facts
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import StaffAccount
from qunce.members.people import visibility
from qunce.sets.bitmaps import staff_accounts

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

MARK = permissions.declare(
    "members.mark_staff",
    permissions.Role.MANAGER,
    label=gettext_lazy("mark members as people who work here"),
)


@facts.declare
@dataclass(frozen=True, kw_only=True)
class StaffAccountMarked(facts.FactKind):
    kind = "member.marked_as_staff"
    label = gettext_lazy("marked as a staff account")
    labels = {"staff": gettext_lazy("staff")}
    instead = gettext_lazy("Mark the member on their page or through the API.")
    staff: str = ""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class StaffAccountUnmarked(facts.FactKind):
    kind = "member.unmarked_as_staff"
    label = gettext_lazy("no longer a staff account")
    instead = gettext_lazy("Mark the member on their page or through the API.")


class WrongCommunity(errors.Refused):
    """The staff member works in another community."""


# Verbs


@transaction.atomic
def mark(
    *, accounts: Iterable[int], by: Staff, at: datetime, staff: Staff | None = None
) -> int:
    """Mark accounts as those of people who work here; returns how many were not yet.

    `staff` is whose accounts they are, if that is known.
    """
    permissions.check_may(by, MARK)
    account_ids = sorted(set(accounts))
    visibility.check_visible(by=by, accounts=account_ids, at=at)
    if staff is not None and staff.community_id != by.community_id:
        raise WrongCommunity(_("There is no such staff member."))
    known = StaffAccount.objects.in_bulk(account_ids)
    staff_id = staff.pk if staff else None
    changed = [
        account
        for account in account_ids
        if account not in known or (staff_id and known[account].staff_id != staff_id)
    ]
    for account in changed:
        fields = {"community": by.community, "marked_at": at, "by": by}
        StaffAccount.objects.update_or_create(
            account_id=account, defaults={**fields, "staff_id": staff_id}
        )
    fact = StaffAccountMarked(staff=staff.name if staff else "")
    _record(fact, changed, by, at)
    return len(changed)


@transaction.atomic
def unmark(*, account: int, by: Staff, at: datetime) -> int:
    """Count the person as a member again, unless they have a staff role in a group."""
    permissions.check_may(by, MARK)
    visibility.check_visible(by=by, accounts=[account], at=at)
    accounts = account_queries.account_ids_of_person(account)
    marked = StaffAccount.objects.filter(account_id__in=accounts)
    removed = list(marked.values_list("account_id", flat=True))
    marked.delete()
    _record(StaffAccountUnmarked(), removed, by, at)
    return len(removed)


def _record(fact: facts.FactKind, accounts: list[int], by: Staff, at: datetime) -> None:
    if not accounts:
        return
    facts.record_for_accounts(fact, accounts, community=by.community, by=by, at=at)
    staff_accounts.note_change(by.community_id)


# Reads


def find_marked(accounts: Iterable[int]) -> dict[int, StaffAccount]:
    """Account → its mark, of those of these accounts that are marked."""
    rows = StaffAccount.objects.select_related("staff")
    return rows.in_bulk(list(accounts))


def find_own_key(*, staff: Staff, channel: str) -> str:
    """The key of a staff member's own account on a channel, "" if they have none."""
    rows = StaffAccount.objects.filter(staff=staff, account__channel=channel)
    keys = rows.order_by("account_id").values_list("account__key", flat=True)
    return keys.first() or ""


staff_accounts.register(
    "SELECT account_id FROM members_staffaccount WHERE community_id = %s"
)

"""The people who work here, and why each is not counted: a mark, or roles in groups."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.groups import visibility as group_visibility
from qunce.groups.groups import Membership
from qunce.groups.staff_roles import WORKING
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.people import staff_accounts, visibility
from qunce.sets import audiences

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

MAX_LISTED = 2_000


@dataclass(frozen=True)
class StaffPerson:
    """`memberships` are those with a role that only people who work here have."""

    account: account_models.Account
    is_marked: bool
    staff: Staff | None
    memberships: list[Membership]


def list_people(*, by: Staff, at: datetime) -> list[StaffPerson]:
    """Return the visible people who work here, by name."""
    people = audiences.staff_people(community=by.community, at=at)
    people &= visibility.visible_people(by=by, at=at)
    rows = _load(list(people)[:MAX_LISTED], by)
    return sorted(rows, key=lambda row: (row.account.name, row.account.pk))


def get_person(*, account: int, by: Staff, at: datetime) -> StaffPerson:
    """Return the person of a visible account, whether or not they work here."""
    visibility.check_visible(by=by, accounts=[account], at=at)
    person = account_queries.account_ids_of_person(account)[0]
    (row,) = _load([person], by)
    return row


def _load(person_ids: Iterable[int], by: Staff) -> list[StaffPerson]:
    by_person = account_queries.accounts_by_person(person_ids)
    accounts = [account for own in by_person.values() for account in own]
    marks = staff_accounts.find_marked(accounts)
    roles = _list_memberships(accounts, by)
    first = account_models.Account.objects.in_bulk(list(by_person))
    return [
        StaffPerson(
            first[person],
            any(account in marks for account in own),
            next((marks[account].staff for account in own if account in marks), None),
            [row for account in own for row in roles.get(account, ())],
        )
        for person, own in by_person.items()
    ]


def _list_memberships(accounts: list[int], by: Staff) -> dict[int, list[Membership]]:
    """Account → its memberships with such a role, in the groups that `by` sees."""
    found: dict[int, list[Membership]] = {}
    visible = set(group_visibility.list_visible(by).values_list("pk", flat=True))
    for chunk in account_queries.chunks(accounts):
        rows = Membership.objects.filter(account_id__in=chunk, role__in=WORKING)
        for row in rows.select_related("group").order_by("group__name", "pk"):
            if not row.is_void and row.group_id in visible:
                found.setdefault(row.account_id, []).append(row)
    return found

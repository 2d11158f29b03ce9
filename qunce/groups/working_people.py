"""Which accounts are of people who work here, of bots and of volunteers.

See `staff_roles` for what follows from it. Staff are marked as such, or have a role of
staff in any group.
"""

from __future__ import annotations

from collections.abc import Iterable

from qunce.groups import staff_roles
from qunce.groups.groups import Membership
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import StaffAccount


def find(accounts: Iterable[int]) -> set[int]:
    """Return those of these accounts whose person works here, or that are bots."""
    return _find(accounts, staff_roles.WORKING, with_marked=True)


def find_answering(accounts: Iterable[int]) -> set[int]:
    """Return those of these accounts whose person works here; what they write answers."""
    chosen = list(accounts)
    return _find(chosen, staff_roles.STAFF, with_marked=True) - _find(
        chosen, staff_roles.BOTS
    )


def find_uncounted(accounts: Iterable[int]) -> set[int]:
    """Return those of these accounts whose person no number counts."""
    return _find(accounts, staff_roles.NOT_COUNTED, with_marked=True)


def _find(
    accounts: Iterable[int], roles: frozenset[str], *, with_marked: bool = False
) -> set[int]:
    chosen = set(accounts)
    by_person = account_queries.accounts_by_person(chosen)
    every = sorted(account for own in by_person.values() for account in own)
    found: set[int] = set()
    for chunk in account_queries.chunks(every):
        if with_marked:
            marked = StaffAccount.objects.filter(account_id__in=chunk)
            found.update(marked.values_list("account_id", flat=True))
        rows = Membership.objects.filter(account_id__in=chunk, role__in=roles)
        values = rows.values_list("account_id", "role", "present", "left_at")
        found.update(
            account
            for account, role, is_present, left_at in values
            if is_present or (left_at and role not in staff_roles.VOLUNTEERS)
        )
    people = {
        account
        for own in by_person.values()
        if not found.isdisjoint(own)
        for account in own
    }
    return people & chosen

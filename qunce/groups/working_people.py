"""Which accounts are of people who work here: marked ones, and staff roles in any group."""

from __future__ import annotations

from collections.abc import Iterable

from qunce.groups import staff_roles
from qunce.groups.groups import Membership
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import StaffAccount


def find(accounts: Iterable[int]) -> set[int]:
    """Return those of these accounts whose person works here."""
    by_person = account_queries.accounts_by_person(accounts)
    every = sorted(account for own in by_person.values() for account in own)
    working: set[int] = set()
    for chunk in account_queries.chunks(every):
        marked = StaffAccount.objects.filter(account_id__in=chunk)
        working.update(marked.values_list("account_id", flat=True))
        roles = Membership.objects.filter(
            account_id__in=chunk, role__in=staff_roles.ROLES
        )
        rows = roles.values_list("account_id", "present", "left_at")
        working.update(account for account, present, left in rows if present or left)
    people = {
        account
        for own in by_person.values()
        if not working.isdisjoint(own)
        for account in own
    }
    return people & set(accounts)

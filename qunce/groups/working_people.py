"""Which accounts are of people who work here, of bots and of volunteers.

See `staff_roles` for what follows from it. Staff are marked as such, or have a role of
staff in any group.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from qunce.core import db
from qunce.groups import staff_roles
from qunce.members.accounts import queries as account_queries


def find(accounts: Iterable[int]) -> set[int]:
    """Return those of these accounts whose person works here, or that are bots."""
    return _find(accounts, staff_roles.WORKING, with_marked=True)


def find_people(by_person: Mapping[int, Sequence[int]]) -> set[int]:
    """Return those of these people, with all their accounts, who work here or are bots."""
    person_of = account_queries.invert(by_person)
    return {
        person_of[account]
        for account in _find_own(
            sorted(person_of), staff_roles.WORKING, with_marked=True
        )
    }


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
    found = _find_own(every, roles, with_marked=with_marked)
    people = {
        account
        for own in by_person.values()
        if not found.isdisjoint(own)
        for account in own
    }
    return people & chosen


_MARKED = "SELECT account_id, '', TRUE, NULL FROM members_staffaccount WHERE account_id"
_WITH_ROLES = """
SELECT account_id, role, present, left_at FROM groups_membership
WHERE role IN ({roles}) AND account_id"""


def _find_own(
    accounts: Sequence[int], roles: frozenset[str], *, with_marked: bool
) -> set[int]:
    """Those of these accounts that are marked, or have one of the roles themselves."""
    found: set[int] = set()
    with_roles = _WITH_ROLES.format(roles=db.placeholders(len(roles)))
    for chunk in account_queries.chunks(accounts):
        # Plain SQL in one round trip, as every member who takes part is looked up.
        among = db.among_ids(chunk)
        marked = f"{_MARKED} {among} UNION ALL " if with_marked else ""
        rows = db.rows(f"{marked}{with_roles} {among}", sorted(roles))
        found.update(
            account
            for account, role, is_present, left_at in rows
            if is_present or (left_at and role not in staff_roles.VOLUNTEERS)
        )
    return found

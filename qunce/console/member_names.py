"""Names of the members behind accounts, for lists of messages and cases."""

from __future__ import annotations

from collections.abc import Iterable

from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account


def find(accounts: Iterable[int | None]) -> dict[int, str]:
    """Return account id → the name of its person. The caller shows visible ones only."""
    person_of = account_queries.person_ids(pk for pk in accounts if pk is not None)
    people = Account.objects.in_bulk(set(person_of.values()))
    return {
        account: str(people[person])
        for account, person in person_of.items()
        if person in people
    }

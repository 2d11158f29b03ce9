"""Doctor check of what is derived from merges: which person each account belongs to."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.core import db
from qunce.sets.bitmaps import aliases
from qunce.sets.doctor import doctor
from qunce.sets.doctor.doctor import Finding

MERGES = """
SELECT community_id, left_id, right_id FROM members_merge WHERE undone_at IS NULL
"""
ALIASES = "SELECT community_id, account_id, person_id FROM sets_alias"
PersonIds = dict[int, int]


@doctor.register_check("persons")
def examine() -> Iterator[Finding]:
    """Compares the stored aliases with the connected components of active merges."""
    stored: dict[int, PersonIds] = {}
    # Merges and aliases of the same moment; a merge in between would look like a fault.
    with db.snapshot():
        expected = _expected_aliases()
        for community, account, person in db.rows(ALIASES):
            stored.setdefault(community, {})[account] = person
    for community in sorted({*expected, *stored}):
        right, actual = expected.get(community, {}), stored.get(community, {})
        wrong = {a for a in {*right, *actual} if right.get(a) != actual.get(a)}
        if wrong:
            person_ids = {account: right.get(account, account) for account in wrong}
            text = _(
                "%(n)s accounts are assigned to a different person than their merges say."
            )
            assign = transaction.atomic(aliases.assign)
            repair = functools.partial(assign, community, person_ids)
            yield Finding("person", str(community), text % {"n": len(wrong)}, repair)


def _expected_aliases() -> dict[int, PersonIds]:
    """Community → account → person id, for accounts that are not their person's first.

    A union-find over the merges, in which the least account is the root.
    """
    parents: PersonIds = {}

    def root(account: int) -> int:
        while parents.get(account, account) != account:
            parents[account] = parents.get(parents[account], parents[account])
            account = parents[account]
        return account

    merges = db.rows(MERGES)
    for _community, left, right in merges:
        # The least account is the root, since a person is identified by their first
        # account.
        low, high = sorted((root(left), root(right)))
        parents[high] = low
    expected: dict[int, PersonIds] = {}
    for community, left, right in merges:
        for account in (left, right):
            if root(account) != account:
                expected.setdefault(community, {})[account] = root(account)
    return expected

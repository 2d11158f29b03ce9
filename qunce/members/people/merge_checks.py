"""Doctor check of what is derived from merges: which person each account belongs to."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.core import db
from qunce.members.people.merges import People
from qunce.sets.bitmaps import aliases
from qunce.sets.doctor import doctor
from qunce.sets.doctor.doctor import Finding

MERGES = """
SELECT community_id, left_id, right_id FROM members_merge WHERE undone_at IS NULL
"""
ALIASES = "SELECT community_id, account_id, person_id FROM sets_alias"


@doctor.register_check("persons")
def examine() -> Iterator[Finding]:
    """Compares the stored aliases with the connected components of active merges."""
    # Merges and aliases of the same moment; a merge in between would look like a fault.
    with db.snapshot():
        rows, stored_rows = db.rows(MERGES), db.rows(ALIASES)
    people = People.unmerged(
        account for _community, *sides in rows for account in sides
    )
    for _community, left, right in rows:
        people.unite(left, right)
    expected: dict[int, dict[int, int]] = {}
    for community, *sides in rows:
        for account in sides:
            if people.person_id(account) != account:
                expected.setdefault(community, {})[account] = people.person_id(account)
    stored: dict[int, dict[int, int]] = {}
    for community, account, person in stored_rows:
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

"""Examines what this room derives from its own rows: who is one person with whom."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.core import db
from qunce.sets.bitmaps import aliases
from qunce.sets.doctor import doctor
from qunce.sets.doctor.doctor import Finding

JOINS = """
SELECT community_id, left_id, right_id FROM members_merge WHERE undone_at IS NULL
"""
ALIASES = "SELECT community_id, account_id, person_id FROM sets_alias"
Heads = dict[int, int]


@doctor.register_check("persons")
def examine() -> Iterator[Finding]:
    """Aliases are exactly what the joins that stand make of accounts."""
    with db.snapshot():
        wanted, found = _wanted(), _by_community(db.rows(ALIASES))
    for community in sorted({*wanted, *found}):
        right, kept = wanted.get(community, {}), found.get(community, {})
        wrong = {a for a in {*right, *kept} if right.get(a) != kept.get(a)}
        if wrong:
            heads = {account: right.get(account, account) for account in wrong}
            text = _(
                "%(n)s accounts are assigned to a different person than their merges say."
            )
            mend = functools.partial(_mend, community, heads)
            yield Finding("person", str(community), text % {"n": len(wrong)}, mend)


@transaction.atomic
def _mend(community: int, heads: Heads) -> None:
    aliases.assign(community, heads)


def _by_community(rows: list[tuple[int, int, int]]) -> dict[int, Heads]:
    found: dict[int, Heads] = {}
    for community, account, head in rows:
        found.setdefault(community, {})[account] = head
    return found


def _wanted() -> dict[int, Heads]:
    """Account → the least account that it hangs together with, where that is another."""
    wanted: dict[int, Heads] = {}
    above: Heads = {}

    def top(account: int) -> int:
        while above.get(account, account) != account:
            above[account] = above.get(above[account], above[account])
            account = above[account]
        return account

    joins = db.rows(JOINS)
    for _community, left, right in joins:
        low, high = sorted((top(left), top(right)))
        above[high] = low
    for community, left, right in joins:
        for account in (left, right):
            if top(account) != account:
                wanted.setdefault(community, {})[account] = top(account)
    return wanted

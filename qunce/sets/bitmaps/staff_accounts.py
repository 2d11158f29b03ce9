"""Staff accounts: the accounts of people who work here, whom no number counts.

What makes an account one is registered by the domains, each as a SELECT of account ids
with the community's id as its parameter. Whoever changes such rows raises the revision
KEY in the same transaction.
"""

from __future__ import annotations

from pyroaring import BitMap

from qunce.core import db, revisions

KIND = "staff"
KEY = (KIND, 0)

_selects: list[str] = []


def register(select: str) -> None:
    """Register a SELECT of account ids; its parameter `%s` is the id of the community."""
    if select not in _selects:
        _selects.append(select)


def read_all(community_id: int) -> BitMap:
    """The accounts themselves; accounts merged with one belong to the same person."""
    accounts = BitMap()
    for select in _selects:
        accounts.update(row[0] for row in db.rows(select, [community_id]))
    return accounts


def note_change(community_id: int) -> None:
    """Raise the revision, last in the transaction that changes who works here."""
    revisions.bump(community_id, KIND, [0])

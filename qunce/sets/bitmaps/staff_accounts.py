"""Accounts that no number counts: of staff, of bots and of volunteers.

What makes an account one of them is registered by the domains, each as a SELECT of
account ids with the community's id as its parameter. Whoever changes such rows raises the
revision KEY in the same transaction.
"""

from __future__ import annotations

from enum import StrEnum

from pyroaring import BitMap

from qunce.core import db, revisions

KIND = "staff"
KEY = (KIND, 0)


class Part(StrEnum):
    STAFF = "staff"
    """People who work here: what they write answers members."""
    BOTS = "bots"
    """Programs: like staff in everything else, but they answer nobody."""
    VOLUNTEERS = "volunteers"
    """Members who help in a group; they are not counted, and remain members."""


_selects: dict[Part, list[str]] = {part: [] for part in Part}


def register(select: str, part: Part = Part.STAFF) -> None:
    """Register a SELECT of account ids; its parameter `%s` is the id of the community."""
    if select not in _selects[part]:
        _selects[part].append(select)


def read(community_id: int, part: Part) -> BitMap:
    """The accounts themselves; accounts merged with one belong to the same person."""
    accounts = BitMap()
    for select in _selects[part]:
        accounts.update(row[0] for row in db.rows(select, [community_id]))
    return accounts


def read_all(community_id: int) -> BitMap:
    """All accounts that no number counts."""
    return BitMap.union(*(read(community_id, part) for part in Part))


def note_change(community_id: int) -> None:
    """Raise the revision, last in the transaction that changes whom numbers count."""
    revisions.bump(community_id, KIND, [0])

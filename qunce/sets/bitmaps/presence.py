"""Who there is: the accounts of a community that are here, left, or erased.

The members' room registers its table, which has the columns `id, community_id, present,
erased_at, rev`; an account that joins, leaves, returns or is erased takes the next
revision of (`present`, 0).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pyroaring import BitMap

from qunce.core import db

KIND = "present"
KEY = (KIND, 0)

_table: list[str] = []


def register(table: str) -> None:
    _table[:] = [table]


def registered() -> bool:
    return bool(_table)


def table() -> str:
    return _table[0]


@dataclass(frozen=True)
class Presence:
    """Accounts: `present` are here now, `known` were ever here and are not erased."""

    present: BitMap = field(default_factory=BitMap)
    known: BitMap = field(default_factory=BitMap)


def read_all(community_id: int) -> Presence:
    return refresh(community_id, Presence(), -1)


def refresh(community_id: int, old: Presence, since: int) -> Presence:
    rows = db.rows(
        f"SELECT id, present, erased_at IS NULL FROM {_table[0]}"  # noqa: S608
        " WHERE community_id = %s AND rev > %s",
        [community_id, since],
    )
    touched = BitMap([row[0] for row in rows])
    known = BitMap([row[0] for row in rows if row[2]])
    present = BitMap([row[0] for row in rows if row[1] and row[2]])
    return Presence((old.present - touched) | present, (old.known - touched) | known)

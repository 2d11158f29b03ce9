"""Presence: which accounts of a community are here, have left or are erased.

`members` registers its table of accounts, which has the columns `id, community_id,
present, erased_at, rev`. An account that joins, leaves, returns or is erased takes the
next revision of (`present`, 0).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pyroaring import BitMap

from qunce.core import db
from qunce.sets.bitmaps import bitmaps
from qunce.sets.bitmaps.bit_counters import HEADER

KIND = "present"
KEY = (KIND, 0)

_table: list[str] = []


def register(table: str) -> None:
    _table[:] = [table]


def is_registered() -> bool:
    return bool(_table)


def table() -> str:
    return _table[0]


@dataclass(frozen=True)
class Presence:
    """Sets of accounts: `present` are here now; `not_erased` are here or have left."""

    present: BitMap = field(default_factory=BitMap)
    not_erased: BitMap = field(default_factory=BitMap)

    def to_bytes(self) -> bytes:
        present = bitmaps.to_bytes(self.present)
        return HEADER.pack(len(present)) + present + bitmaps.to_bytes(self.not_erased)

    @classmethod
    def from_bytes(cls, blob: bytes) -> Presence:
        (length,) = HEADER.unpack_from(blob)
        rest = blob[HEADER.size :]
        return cls(bitmaps.from_bytes(rest[:length]), bitmaps.from_bytes(rest[length:]))


def read_all(community_id: int) -> Presence:
    return refresh(community_id, Presence(), -1)


def refresh(community_id: int, old: Presence, since: int) -> Presence:
    """`old` with every account that changed after the revision `since`."""
    rows = db.rows(
        f"SELECT id, present, erased_at IS NULL FROM {table()}"  # noqa: S608
        " WHERE community_id = %s AND rev > %s",
        [community_id, since],
    )
    # Changed accounts are removed before they are added, as each may have moved to any
    # of the three states.
    changed = BitMap([row[0] for row in rows])
    not_erased = BitMap([row[0] for row in rows if row[2]])
    present = BitMap([row[0] for row in rows if row[1] and row[2]])
    return Presence(
        (old.present - changed) | present, (old.not_erased - changed) | not_erased
    )

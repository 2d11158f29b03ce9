"""Presence: which accounts of a community are here, have left or are erased.

`members` registers its table of accounts, which has the columns `id, community_id,
present, joined_at, left_at, rejoined_at, erased_at, source_id, rev`, and the kinds of
facts that record who left and rejoined. An account that joins, leaves, returns or is erased takes the
next revision of (`present`, 0).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from pyroaring import BitMap

from qunce.core import db
from qunce.sets.bitmaps import bitmaps
from qunce.sets.bitmaps.bit_counters import HEADER

KIND = "present"
KEY = (KIND, 0)
LATEST = struct.Struct("<q")
NEVER = -(2**62)
"""A microsecond before all others."""

_table: list[str] = []


_kinds: list[str] = []


def register(table: str, *, left: str, rejoined: str) -> None:
    _table[:], _kinds[:] = [table], [left, rejoined]


def is_registered() -> bool:
    return bool(_table)


def table() -> str:
    return _table[0]


def kinds() -> tuple[str, str]:
    """The kinds of facts that record that an account left, and that it rejoined."""
    left, rejoined = _kinds
    return left, rejoined


@dataclass(frozen=True)
class Presence:
    """Sets of accounts: `present` are here now; `not_erased` are here or have left.

    `latest` is the microsecond of the last time that one joined, left or rejoined, or a
    later one. From then on the population is that of now.
    """

    present: BitMap = field(default_factory=BitMap)
    not_erased: BitMap = field(default_factory=BitMap)
    latest: int = field(default=NEVER, compare=False)

    def to_bytes(self) -> bytes:
        present = bitmaps.to_bytes(self.present)
        header = LATEST.pack(self.latest) + HEADER.pack(len(present))
        return header + present + bitmaps.to_bytes(self.not_erased)

    @classmethod
    def from_bytes(cls, blob: bytes) -> Presence:
        (latest,) = LATEST.unpack_from(blob)
        (length,) = HEADER.unpack_from(blob, LATEST.size)
        rest = blob[LATEST.size + HEADER.size :]
        present, not_erased = rest[:length], rest[length:]
        return cls(bitmaps.from_bytes(present), bitmaps.from_bytes(not_erased), latest)


def read_all(community_id: int) -> Presence:
    return refresh(community_id, Presence(), -1)


def refresh(community_id: int, old: Presence, since: int) -> Presence:
    """`old` with every account that changed after the revision `since`."""
    rows = db.rows(
        "SELECT id, present, erased_at IS NULL, joined_at, coalesce(left_at, joined_at),"  # noqa: S608
        f" coalesce(rejoined_at, joined_at) FROM {table()}"
        " WHERE community_id = %s AND rev > %s",
        [community_id, since],
    )
    # Changed accounts are removed before they are added, as each may have moved to any
    # of the three states.
    changed = BitMap([row[0] for row in rows])
    not_erased = BitMap([row[0] for row in rows if row[2]])
    present = BitMap([row[0] for row in rows if row[1] and row[2]])
    latest = max((max(row[3:]) for row in rows), default=NEVER)
    return Presence(
        (old.present - changed) | present,
        (old.not_erased - changed) | not_erased,
        max(old.latest, latest),
    )

"""Kept sets: what a process starts from instead of reading all rows."""

from __future__ import annotations

from dataclasses import dataclass

from qunce.core import db, revisions
from qunce.sets import derived_models
from qunce.sets.bitmaps import bitmaps
from qunce.sets.bitmaps.bit_counters import HEADER
from qunce.sets.bitmaps.presence import Presence


@dataclass(frozen=True)
class Kept:
    rev: int
    blob: bytes


READ = """
SELECT rev, blob FROM sets_persisted_set
WHERE community_id = %s AND kind = %s AND ref = %s AND rev <= %s
"""
WRITE = """
INSERT INTO sets_persisted_set (community_id, kind, ref, rev, blob)
VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (community_id, kind, ref) DO UPDATE
SET rev = excluded.rev, blob = excluded.blob WHERE sets_persisted_set.rev < excluded.rev
"""


def read(community_id: int, key: revisions.Key, *, upto: int) -> Kept | None:
    """The kept set if it is not newer than `upto`."""
    found = db.rows(READ, [community_id, *key, upto], using=derived_models.db_alias())
    return Kept(found[0][0], bytes(found[0][1])) if found else None


def write(community_id: int, key: revisions.Key, *, rev: int, blob: bytes) -> None:
    """Keep a set under the revision that it was read at; never an older over a newer."""
    db.execute(WRITE, [community_id, *key, rev, blob], using=derived_models.db_alias())


def freeze_population(who: Presence) -> bytes:
    present = bitmaps.to_bytes(who.present)
    return HEADER.pack(len(present)) + present + bitmaps.to_bytes(who.known)


def thaw_population(blob: bytes) -> Presence:
    (length,) = HEADER.unpack_from(blob)
    rest = blob[HEADER.size :]
    return Presence(
        bitmaps.from_bytes(rest[:length]), bitmaps.from_bytes(rest[length:])
    )

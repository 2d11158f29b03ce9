"""Persisted sets: copies of large sets that a new process loads instead of all rows.

A persisted set carries the revision at which it was read, and whoever loads it adds the
changes since. It may be old but is never wrong; it is saved again when much has changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pyroaring import BitMap

from qunce.core import db, revisions
from qunce.sets import derived_models
from qunce.sets.bitmaps import attribute_columns, bitmaps, marks, presence_sets
from qunce.sets.bitmaps.attribute_columns import Column
from qunce.sets.bitmaps.bit_counters import BitCounter
from qunce.sets.bitmaps.presence_sets import Presence

MAX_UNSAVED_ROWS = 2_000
"""Changed rows from which on a set is saved again: a start should not read so many."""


@dataclass(frozen=True)
class SetRef:
    """Names a set that has a revision and may be persisted."""

    community_id: int
    kind: str
    ref: int
    rev: int

    @property
    def key(self) -> revisions.Key:
        return self.kind, self.ref


@dataclass(frozen=True)
class PersistedBlob:
    rev: int
    blob: bytes


# Sources: presence, attribute values and marks of several kinds


@dataclass(frozen=True)
class Source:
    """Where sets of one kind come from.

    `table` has the rows. `column` holds the set's ref, or the community's id.
    """

    kind: str
    table: str
    column: str

    def has_many_changes(self, ref: SetRef, since: int) -> bool:
        """Whether too many rows changed after a revision for every start to read."""
        sql = (
            # The inner LIMIT bounds the count: how many more rows there are does not
            # matter.
            f"SELECT count(*) FROM (SELECT 1 FROM {self.table}"  # noqa: S608
            f" WHERE {self.column} = %s AND rev > %s LIMIT {MAX_UNSAVED_ROWS}) AS few"
        )
        owner = ref.community_id if self.kind == presence_sets.KIND else ref.ref
        return bool(db.rows(sql, [owner, since])[0][0] == MAX_UNSAVED_ROWS)

    def read(self, ref: SetRef) -> bytes:
        """The whole set, read from its rows."""
        if self.kind == presence_sets.KIND:
            return presence_sets.read_all(ref.community_id).to_bytes()
        if attribute_columns.is_registered(self.kind):
            return attribute_columns.read_all(ref.ref, self.kind).to_bytes()
        return marks.read_all(marks.get(self.kind), ref.ref).to_bytes()

    def refresh(self, ref: SetRef, old: PersistedBlob) -> bytes:
        """A persisted set with the changes since its revision."""
        if self.kind == presence_sets.KIND:
            before = Presence.from_bytes(old.blob)
            return presence_sets.refresh(ref.community_id, before, old.rev).to_bytes()
        if attribute_columns.is_registered(self.kind):
            column = Column.from_bytes(old.blob)
            return attribute_columns.read_changes(
                ref.ref, old.rev, column, self.kind
            ).to_bytes()
        changes = marks.read_changes(marks.get(self.kind), ref.ref, old.rev)
        return BitCounter.from_bytes(old.blob).with_counts(changes).to_bytes()

    def is_same(self, left: bytes, right: bytes) -> bool:
        """Whether two blobs hold the same set, though their bytes may differ."""
        if self.kind == presence_sets.KIND:
            return Presence.from_bytes(left) == Presence.from_bytes(right)
        if attribute_columns.is_registered(self.kind):
            return Column.from_bytes(left).rows() == Column.from_bytes(right).rows()
        return BitCounter.from_bytes(left) == BitCounter.from_bytes(right)


def _list_sources() -> Iterator[Source]:
    for kind in marks.list_kinds():
        yield Source(kind.name, kind.table, kind.ref_column)
    for values in attribute_columns.list_kinds():
        yield Source(values.name, values.table, values.ref_column)
    if presence_sets.is_registered():
        yield Source(presence_sets.KIND, presence_sets.table(), "community_id")


def _get_source(kind: str) -> Source:
    return next(source for source in _list_sources() if source.kind == kind)


# Saving

SELECT_REFS = "SELECT community_id, kind, ref, rev FROM core_revision WHERE kind IN"
SELECT_SAVED = "SELECT community_id, kind, ref, rev FROM sets_persisted_set"
UPSERT = """
INSERT INTO sets_persisted_set (community_id, kind, ref, rev, blob)
VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (community_id, kind, ref) DO UPDATE
SET rev = excluded.rev, blob = excluded.blob WHERE sets_persisted_set.rev < excluded.rev
"""


def list_refs() -> list[SetRef]:
    """Every set that may be persisted, with its present revision."""
    kinds = sorted(source.kind for source in _list_sources())
    sql = f"{SELECT_REFS} ({db.placeholders(len(kinds))}) ORDER BY community_id, kind, ref"
    return [SetRef(*row) for row in db.rows(sql, kinds)]


def save_all() -> int:
    """Save every set with many changes; returns how many were saved."""
    saved = db.rows(SELECT_SAVED, using=derived_models.db_alias())
    saved_revisions = {row[:3]: row[3] for row in saved}
    count = 0
    for ref in list_refs():
        # A set that was never saved counts all of its rows as changed.
        since = saved_revisions.get((ref.community_id, ref.kind, ref.ref), -1)
        if since < ref.rev:
            # One at a time, so that memory holds a single set.
            count += save_large(ref, since)
    return count


def save_large(ref: SetRef, since: int) -> bool:
    """Save a set if many of its rows changed after the revision `since`."""
    source = _get_source(ref.kind)
    with db.snapshot():
        if not source.has_many_changes(ref, since):
            return False
        # The revision and the rows are read in one snapshot, so that they agree.
        rev = revisions.read(ref.community_id, [ref.key])[ref.key]
        old = find(ref.community_id, ref.key, until=rev)
        blob = source.read(ref) if old is None else source.refresh(ref, old)
    # Outside the snapshot: on SQLite the derived tables have a writer's lock of their
    # own.
    save(ref.community_id, ref.key, rev=rev, blob=blob)
    return True


def save(community_id: int, key: revisions.Key, *, rev: int, blob: bytes) -> None:
    """Save a set under the revision at which it was read, unless a newer one is there."""
    db.execute(UPSERT, [community_id, *key, rev, blob], using=derived_models.db_alias())


# Reads

SELECT_BLOB = """
SELECT rev, blob FROM sets_persisted_set
WHERE community_id = %s AND kind = %s AND ref = %s AND rev <= %s
"""


def find(community_id: int, key: revisions.Key, *, until: int) -> PersistedBlob | None:
    """The persisted set, or None if there is none or it is newer than `until`."""
    rows = db.rows(
        SELECT_BLOB, [community_id, *key, until], using=derived_models.db_alias()
    )
    return PersistedBlob(rows[0][0], bytes(rows[0][1])) if rows else None


def matches_rows(ref: SetRef) -> bool | None:
    """Whether the persisted set, with the changes since, equals a fresh read.

    None if nothing is persisted up to the present revision.
    """
    source = _get_source(ref.kind)
    with db.snapshot():
        rev = revisions.read(ref.community_id, [ref.key])[ref.key]
        old = find(ref.community_id, ref.key, until=rev)
        if old is None:
            return None
        return source.is_same(source.refresh(ref, old), source.read(ref))


def account_ids(kind: str, blob: bytes) -> BitMap:
    """Every account that a persisted set of this kind names."""
    if kind == presence_sets.KIND:
        return Presence.from_bytes(blob).not_erased
    if attribute_columns.is_registered(kind):
        return bitmaps.of(Column.from_bytes(blob).accounts)
    return BitCounter.from_bytes(blob).nonzero()

"""Persisted sets: copies of large sets that a new process loads instead of all rows.

A persisted set carries the revision at which it was read, and whoever loads it adds the
changes since. It may be old but is never wrong; it is saved again when much has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from pyroaring import BitMap

from qunce.core import db, revisions
from qunce.sets import derived_models
from qunce.sets.bitmaps import (
    account_tables,
    attribute_columns,
    bitmaps,
    marks,
    presence_sets,
)
from qunce.sets.bitmaps.account_tables import AccountTable
from qunce.sets.bitmaps.attribute_columns import Column
from qunce.sets.bitmaps.bit_counters import BitCounter
from qunce.sets.bitmaps.presence_sets import Presence

COMMUNITY_COLUMN = "community_id"
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


# Sources: accounts, attribute values and marks of several kinds


class Savable(Protocol):
    """The content of a persisted set."""

    def to_bytes(self) -> bytes: ...


@dataclass(frozen=True)
class Source:
    """Where sets of one kind come from.

    `table` has the rows. `column` holds the set's ref, or the community's id. `read`
    reads a set from all of its rows; `refresh(ref, old, since)` adds those that changed
    after a revision. `list_rows` is what two equal sets have in common, though their
    bytes may differ.
    """

    kind: str
    table: str
    column: str
    read: Callable[[SetRef], Savable]
    refresh: Callable[[SetRef, Any, int], Savable]
    from_bytes: Callable[[bytes], Any]
    accounts: Callable[[Any], BitMap]
    list_rows: Callable[[Any], Any] = lambda content: content
    shares_revision: str = ""
    """The kind that counts its revisions; by default its own."""

    def has_many_changes(self, ref: SetRef, since: int) -> bool:
        """Whether too many rows changed after a revision for every start to read."""
        sql = (
            # The inner LIMIT bounds the count: how many more rows there are does not
            # matter.
            f"SELECT count(*) FROM (SELECT 1 FROM {self.table}"  # noqa: S608
            f" WHERE {self.column} = %s AND rev > %s LIMIT {MAX_UNSAVED_ROWS}) AS few"
        )
        owner = ref.community_id if self.column == COMMUNITY_COLUMN else ref.ref
        return bool(db.rows(sql, [owner, since])[0][0] == MAX_UNSAVED_ROWS)

    def update(self, ref: SetRef, old: PersistedBlob) -> Savable:
        """A persisted set with the changes since its revision."""
        return self.refresh(ref, self.from_bytes(old.blob), old.rev)

    def is_same(self, left: Any, right: Any) -> bool:
        return bool(self.list_rows(left) == self.list_rows(right))


def _list_sources() -> Iterator[Source]:
    for kind in marks.list_kinds():
        yield _marks_source(kind)
    for values in attribute_columns.list_kinds():
        yield _values_source(values.name, values.table, values.ref_column)
    if presence_sets.is_registered():
        yield from _account_sources()


def _marks_source(kind: marks.MarkKind) -> Source:
    def refresh(ref: SetRef, old: BitCounter, since: int) -> BitCounter:
        return old.with_counts(marks.read_changes(kind, ref.ref, since))

    return Source(
        kind.name,
        kind.table,
        kind.ref_column,
        lambda ref: marks.read_all(kind, ref.ref),
        refresh,
        BitCounter.from_bytes,
        BitCounter.nonzero,
    )


def _values_source(name: str, table: str, column: str) -> Source:
    return Source(
        name,
        table,
        column,
        lambda ref: attribute_columns.read_all(ref.ref, name),
        lambda ref, old, since: attribute_columns.read_changes(
            ref.ref, since, old, name
        ),
        Column.from_bytes,
        lambda content: bitmaps.of(content.accounts),
        Column.rows,
    )


def _account_sources() -> Iterator[Source]:
    table = presence_sets.table()
    yield Source(
        presence_sets.KIND,
        table,
        COMMUNITY_COLUMN,
        lambda ref: presence_sets.read_all(ref.community_id),
        lambda ref, old, since: presence_sets.refresh(ref.community_id, old, since),
        Presence.from_bytes,
        lambda content: content.not_erased,
    )
    yield Source(
        account_tables.KIND,
        table,
        COMMUNITY_COLUMN,
        lambda ref: account_tables.read_all(ref.community_id),
        lambda ref, old, since: account_tables.refresh(ref.community_id, old, since),
        AccountTable.from_bytes,
        lambda content: bitmaps.of(content.accounts),
        AccountTable.to_bytes,
        shares_revision=presence_sets.KIND,
    )


def _get_source(kind: str) -> Source:
    return next(source for source in _list_sources() if source.kind == kind)


def _read_revision(source: Source, ref: SetRef) -> int:
    key = (source.shares_revision or ref.kind, ref.ref)
    return revisions.read(ref.community_id, [key])[key]


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
    by_counter: dict[str, list[str]] = {}
    for source in _list_sources():
        by_counter.setdefault(source.shares_revision or source.kind, []).append(
            source.kind
        )
    counters = sorted(by_counter)
    sql = f"{SELECT_REFS} ({db.placeholders(len(counters))}) ORDER BY community_id, kind, ref"
    return [
        SetRef(community_id, kind, ref, rev)
        for community_id, counter, ref, rev in db.rows(sql, counters)
        for kind in by_counter[counter]
    ]


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
        rev = _read_revision(source, ref)
        old = find(ref.community_id, ref.key, until=rev)
        content = source.read(ref) if old is None else source.update(ref, old)
    # Outside the snapshot: on SQLite the derived tables have a writer's lock of their
    # own.
    save(ref.community_id, ref.key, rev=rev, blob=content.to_bytes())
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
        rev = _read_revision(source, ref)
        old = find(ref.community_id, ref.key, until=rev)
        if old is None:
            return None
        return source.is_same(source.update(ref, old), source.read(ref))


def account_ids(kind: str, blob: bytes) -> BitMap:
    """Every account that a persisted set of this kind names."""
    source = _get_source(kind)
    return source.accounts(source.from_bytes(blob))

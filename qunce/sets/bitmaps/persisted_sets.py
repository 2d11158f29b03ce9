"""Keeps large sets as blobs, so that a new process starts from them and not from rows.

A kept set bears the revision that it was read at; whoever loads it adds what changed
since. So it may be old, but never wrong, and is renewed when much has changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from qunce.core import db, revisions
from qunce.sets import derived_models
from qunce.sets.bitmaps import attribute_columns, marks, persisted_blobs, presence
from qunce.sets.bitmaps.attribute_columns import Column
from qunce.sets.bitmaps.bit_counters import BitCounter

MAX_UNSAVED_ROWS = 2_000
"""Rows that a start should not have to read: from here on a set is kept anew."""


@dataclass(frozen=True)
class SetRef:
    """Something that has a revision and whose set may be kept."""

    community_id: int
    kind: str
    ref: int
    rev: int

    @property
    def key(self) -> revisions.Key:
        return self.kind, self.ref


THINGS = "SELECT community_id, kind, ref, rev FROM core_revision WHERE kind IN"
KEPT = "SELECT community_id, kind, ref, rev FROM sets_persisted_set"


def list_set_refs() -> list[SetRef]:
    """All that could be kept, as it is now."""
    kinds = sorted(source.name for source in _sources())
    sql = f"{THINGS} ({db.placeholders(len(kinds))}) ORDER BY community_id, kind, ref"
    return [SetRef(*row) for row in db.rows(sql, kinds)]


def save_all() -> int:
    """Keep all sets that are large enough; returns how many were written."""
    before = {row[:3]: row[3] for row in db.rows(KEPT, using=derived_models.db_alias())}
    written = 0
    for thing in list_set_refs():
        since = before.get((thing.community_id, thing.kind, thing.ref), -1)
        if since < thing.rev:
            written += _renew(thing, since)
    return written


def _renew(thing: SetRef, since: int) -> bool:
    """The revision is read before the rows, in one snapshot with them."""
    source = _source(thing.kind)
    with db.snapshot():
        if not source.exceeds(thing, since):
            return False
        rev = revisions.read(thing.community_id, [thing.key])[thing.key]
        blob = _now(thing, rev)
    persisted_blobs.write(thing.community_id, thing.key, rev=rev, blob=blob)
    return True


def _now(thing: SetRef, rev: int) -> bytes:
    source = _source(thing.kind)
    old = persisted_blobs.read(thing.community_id, thing.key, upto=rev)
    if old is None:
        return source.read(thing)
    return source.refresh(thing, old)


def forget(thing: SetRef) -> None:
    db.execute(
        "DELETE FROM sets_persisted_set WHERE community_id = %s AND kind = %s AND ref = %s",
        [thing.community_id, *thing.key],
        using=derived_models.db_alias(),
    )


# Where sets come from: marks of several kinds, attribute values, the population.


@dataclass(frozen=True)
class Source:
    """`table` holds the rows; `column` is their ref, or the community."""

    name: str
    table: str
    column: str

    def exceeds(self, thing: SetRef, since: int) -> bool:
        """Whether more rows than bearable changed after a revision."""
        sql = (
            f"SELECT count(*) FROM (SELECT 1 FROM {self.table}"  # noqa: S608
            f" WHERE {self.column} = %s AND rev > %s LIMIT {MAX_UNSAVED_ROWS}) AS few"
        )
        return bool(db.rows(sql, [self._whose(thing), since])[0][0] == MAX_UNSAVED_ROWS)

    def _whose(self, thing: SetRef) -> int:
        return thing.community_id if self.name == presence.KIND else thing.ref

    def read(self, thing: SetRef) -> bytes:
        """The whole set from its rows, frozen."""
        if self.name == presence.KIND:
            return persisted_blobs.freeze_population(
                presence.read_all(thing.community_id)
            )
        if self.name == attribute_columns.KIND:
            return attribute_columns.read_all(thing.ref).freeze()
        return marks.read_all(marks.get(self.name), thing.ref).freeze()

    def refresh(self, thing: SetRef, old: persisted_blobs.Kept) -> bytes:
        """A kept set with what changed since, frozen."""
        if self.name == presence.KIND:
            people = persisted_blobs.thaw_population(old.blob)
            whole = presence.refresh(thing.community_id, people, old.rev)
            return persisted_blobs.freeze_population(whole)
        if self.name == attribute_columns.KIND:
            column = Column.thaw(old.blob)
            return attribute_columns.read_changes(thing.ref, old.rev, column).freeze()
        kind = marks.get(self.name)
        changes = marks.read_changes(kind, thing.ref, old.rev)
        return BitCounter.thaw(old.blob).replaced(changes).freeze()

    def alike(self, one: bytes, other: bytes) -> bool:
        """Whether two blobs hold the same set: their bytes may differ."""
        if self.name == presence.KIND:
            return persisted_blobs.thaw_population(
                one
            ) == persisted_blobs.thaw_population(other)
        if self.name == attribute_columns.KIND:
            return _values(Column.thaw(one)) == _values(Column.thaw(other))
        return BitCounter.thaw(one) == BitCounter.thaw(other)


def _values(column: Column) -> list[tuple[int, int | str, int]]:
    spoken: list[int | str] = column.numbers.tolist()
    if column.words:
        spoken = [column.words[int(number)] for number in column.numbers]
    rows = zip(column.accounts.tolist(), spoken, column.set_at.tolist(), strict=True)
    return sorted(rows, key=str)


def _sources() -> Iterator[Source]:
    for kind in marks.registered():
        yield Source(kind.name, kind.table, kind.ref)
    if attribute_columns.registered():
        yield Source(
            attribute_columns.KIND,
            attribute_columns.get().table,
            attribute_columns.get().ref,
        )
    if presence.registered():
        yield Source(presence.KIND, presence.table(), "community_id")


def _source(name: str) -> Source:
    return next(source for source in _sources() if source.name == name)


def check(thing: SetRef) -> bool | None:
    """Whether what is kept, brought up to date, is what the rows say.

    None where nothing is kept or the revision has moved: ask again.
    """
    source = _source(thing.kind)
    with db.snapshot():
        rev = revisions.read(thing.community_id, [thing.key])[thing.key]
        old = persisted_blobs.read(thing.community_id, thing.key, upto=rev)
        if old is None:
            return None
        return source.alike(source.refresh(thing, old), source.read(thing))

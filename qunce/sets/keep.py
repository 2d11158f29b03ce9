"""Keeps large sets as blobs, so that a new process starts from them and not from rows.

A kept set bears the revision that it was read at; whoever loads it adds what changed
since. So it may be old, but never wrong, and is renewed when much has changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from qunce.core import db, revisions
from qunce.sets import columns, derived, kept, marks, population
from qunce.sets.columns import Column
from qunce.sets.stacks import Stack

MANY = 2_000
"""Rows that a start should not have to read: from here on a set is kept anew."""


@dataclass(frozen=True)
class Thing:
    """Something that has a revision and whose set may be kept."""

    community_id: int
    kind: str
    ref: int
    rev: int

    @property
    def key(self) -> revisions.Key:
        return self.kind, self.ref


THINGS = "SELECT community_id, kind, ref, rev FROM core_revision WHERE kind IN"
KEPT = "SELECT community_id, kind, ref, rev FROM sets_keptset"


def things() -> list[Thing]:
    """All that could be kept, as it is now."""
    kinds = sorted(source.name for source in _sources())
    sql = f"{THINGS} ({db.marks(len(kinds))}) ORDER BY community_id, kind, ref"
    return [Thing(*row) for row in db.rows(sql, kinds)]


def everything() -> int:
    """Keep all sets that are large enough; returns how many were written."""
    before = {row[:3]: row[3] for row in db.rows(KEPT, using=derived.alias())}
    written = 0
    for thing in things():
        since = before.get((thing.community_id, thing.kind, thing.ref), -1)
        if since < thing.rev:
            written += _renew(thing, since)
    return written


def _renew(thing: Thing, since: int) -> bool:
    """The revision is read before the rows, in one snapshot with them."""
    source = _source(thing.kind)
    with db.snapshot():
        if not source.exceeds(thing, since):
            return False
        rev = revisions.read(thing.community_id, [thing.key])[thing.key]
        blob = _now(thing, rev)
    kept.write(thing.community_id, thing.key, rev=rev, blob=blob)
    return True


def _now(thing: Thing, rev: int) -> bytes:
    source = _source(thing.kind)
    old = kept.read(thing.community_id, thing.key, upto=rev)
    if old is None:
        return source.read(thing)
    return source.refresh(thing, old)


def forget(thing: Thing) -> None:
    db.execute(
        "DELETE FROM sets_keptset WHERE community_id = %s AND kind = %s AND ref = %s",
        [thing.community_id, *thing.key],
        using=derived.alias(),
    )


# Where sets come from: marks of several kinds, attribute values, the population.


@dataclass(frozen=True)
class Source:
    """`table` holds the rows; `column` is their ref, or the community."""

    name: str
    table: str
    column: str

    def exceeds(self, thing: Thing, since: int) -> bool:
        """Whether more rows than bearable changed after a revision."""
        sql = (
            f"SELECT count(*) FROM (SELECT 1 FROM {self.table}"  # noqa: S608
            f" WHERE {self.column} = %s AND rev > %s LIMIT {MANY}) AS few"
        )
        return bool(db.rows(sql, [self._whose(thing), since])[0][0] == MANY)

    def _whose(self, thing: Thing) -> int:
        return thing.community_id if self.name == population.KIND else thing.ref

    def read(self, thing: Thing) -> bytes:
        """The whole set from its rows, frozen."""
        if self.name == population.KIND:
            return kept.freeze_population(population.read_all(thing.community_id))
        if self.name == columns.KIND:
            return columns.read_all(thing.ref).freeze()
        return marks.read_all(marks.get(self.name), thing.ref).freeze()

    def refresh(self, thing: Thing, old: kept.Kept) -> bytes:
        """A kept set with what changed since, frozen."""
        if self.name == population.KIND:
            people = kept.thaw_population(old.blob)
            whole = population.refresh(thing.community_id, people, old.rev)
            return kept.freeze_population(whole)
        if self.name == columns.KIND:
            column = Column.thaw(old.blob)
            return columns.read_changes(thing.ref, old.rev, column).freeze()
        kind = marks.get(self.name)
        changes = marks.read_changes(kind, thing.ref, old.rev)
        return Stack.thaw(old.blob).replaced(changes).freeze()

    def alike(self, one: bytes, other: bytes) -> bool:
        """Whether two blobs hold the same set: their bytes may differ."""
        if self.name == population.KIND:
            return kept.thaw_population(one) == kept.thaw_population(other)
        if self.name == columns.KIND:
            return _values(Column.thaw(one)) == _values(Column.thaw(other))
        return Stack.thaw(one) == Stack.thaw(other)


def _values(column: Column) -> list[tuple[int, int | str, int]]:
    spoken: list[int | str] = column.numbers.tolist()
    if column.words:
        spoken = [column.words[int(number)] for number in column.numbers]
    rows = zip(column.accounts.tolist(), spoken, column.set_at.tolist(), strict=True)
    return sorted(rows, key=str)


def _sources() -> Iterator[Source]:
    for kind in marks.registered():
        yield Source(kind.name, kind.table, kind.ref)
    if columns.registered():
        yield Source(columns.KIND, columns.get().table, columns.get().ref)
    if population.registered():
        yield Source(population.KIND, population.table(), "community_id")


def _source(name: str) -> Source:
    return next(source for source in _sources() if source.name == name)


def check(thing: Thing) -> bool | None:
    """Whether what is kept, brought up to date, is what the rows say.

    None where nothing is kept or the revision has moved: ask again.
    """
    source = _source(thing.kind)
    with db.snapshot():
        rev = revisions.read(thing.community_id, [thing.key])[thing.key]
        old = kept.read(thing.community_id, thing.key, upto=rev)
        if old is None:
            return None
        return source.alike(source.refresh(thing, old), source.read(thing))

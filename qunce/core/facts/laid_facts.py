"""Inserts facts that were laid out in a SQLite file of their own, by set statements.

The file has one table `laid` in the order of the keys' hashes: `n` from 1, `hash`, `kind`,
`account`, `grp`, `happened_at`, `payload`, `key`. It is written without any lock and then
attached, so that the lock of the log is held for two statements per batch only. Binding
and stepping each row from Python would hold it three times as long.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db import connection

from qunce.core import db
from qunce.core.facts import ingest

ALIAS = "laid_facts"
CREATE = """
CREATE TABLE laid (n INTEGER PRIMARY KEY, hash INTEGER, kind INTEGER, account INTEGER,
    grp INTEGER, happened_at INTEGER, payload TEXT, key TEXT)
"""
INSERT_KEYS = f"""
INSERT OR IGNORE INTO core_factkey (hash, fact_id)
SELECT hash, %s + n FROM {ALIAS}.laid WHERE n > %s AND n <= %s ORDER BY n
"""  # noqa: S608 - constant
COLUMNS = """
%s, kind, account, grp, happened_at, %s, %s, %s, payload, laid.key
"""
INSERT_ALL = f"""
INSERT INTO core_fact (id, {ingest.COLUMNS})
SELECT %s + n, {COLUMNS} FROM {ALIAS}.laid WHERE n > %s AND n <= %s ORDER BY n
"""  # noqa: S608 - constant
INSERT_OWN = f"""
INSERT INTO core_fact (id, {ingest.COLUMNS})
SELECT owner.fact_id, {COLUMNS} FROM {ALIAS}.laid
CROSS JOIN core_factkey owner ON owner.hash = laid.hash
WHERE n > %s AND n <= %s AND owner.fact_id = %s + n ORDER BY n
"""  # noqa: S608 - constant
SELECT_COLLIDING = f"""
SELECT kind, account, grp, laid.happened_at, laid.payload, laid.key, laid.hash
FROM {ALIAS}.laid
CROSS JOIN core_factkey owner ON owner.hash = laid.hash
LEFT JOIN core_fact stored ON stored.id = owner.fact_id
WHERE n > %s AND n <= %s AND owner.fact_id <> %s + n
    AND (stored.source_id IS NOT %s OR stored.key IS NOT laid.key)
ORDER BY n
"""  # noqa: S608 - constant
"""Rows whose hash belongs to another key: hardly ever one with 64 bits."""


@dataclass(frozen=True)
class LaidRows:
    """The rows `begin < n <= end` of the attached file, and what they have in common."""

    begin: int
    end: int
    community_id: int
    source_id: int
    actor_id: int | None
    recorded_at: int

    def __len__(self) -> int:
        return max(self.end - self.begin, 0)


@contextmanager
def attached(path: Path) -> Iterator[None]:
    """Attach a file of laid out facts to the connection, and delete it."""
    db.execute(f"ATTACH DATABASE %s AS {ALIAS}", [str(path)])
    # Its name is not needed any more, so that a kill leaves nothing behind.
    path.unlink()
    try:
        yield
    finally:
        if connection.connection is not None:
            db.execute(f"DETACH DATABASE {ALIAS}")


def insert_new(rows: LaidRows) -> int:
    """Store the facts whose keys are new; returns how many. Call it in a transaction."""
    if not len(rows):
        return 0
    last = db.rows(ingest.SELECT_LAST_ID)
    # n is the place in the whole file, ids go on from the last one of the log.
    base = (last[0][0] if last else 0) - rows.begin
    common = [rows.community_id, rows.recorded_at, rows.actor_id, rows.source_id]
    span = [rows.begin, rows.end]
    count = db.execute(INSERT_KEYS, [base, *span])
    if count == len(rows):
        # The usual case: a batch is new from end to end.
        db.execute(INSERT_ALL, [base, *common, *span])
        return count
    db.execute(INSERT_OWN, [*common, *span, base])
    colliding = db.rows(SELECT_COLLIDING, [*span, base, rows.source_id])
    return count + _insert_colliding(rows, colliding)


def _insert_colliding(
    rows: LaidRows, colliding: list[tuple[int, int, int, int, str, str, int]]
) -> int:
    """Store keys whose hash belongs to another key; the first of equal keys counts."""
    if not colliding:
        return 0
    unique = {row[5]: row for row in reversed(colliding)}
    first = [row for row in colliding if unique[row[5]] is row]
    kinds, accounts, groups, times, payloads, keys, hashes = map(
        list, zip(*first, strict=True)
    )
    return ingest.insert_overflowing(
        ingest.FactBatch(
            community_id=rows.community_id,
            source_id=rows.source_id,
            actor_id=rows.actor_id,
            recorded_at=rows.recorded_at,
            kinds=kinds,
            accounts=accounts,
            groups=groups,
            happened_at=times,
            payloads=payloads,
            keys=keys,
            hashes=hashes,
        )
    )

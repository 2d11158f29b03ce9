"""Stores facts that come with a key of their source, each key once.

On SQLite a table of 64-bit hashes keeps keys unique. A hash that exists is compared with
the stored key, and a true collision is stored in an overflow table. On PostgreSQL a unique
index keeps keys unique.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import IntegrityError, connection, transaction

from qunce.core import db, postgresql_copy

COLUMNS = (
    "community_id, kind_id, account_id, group_id, happened_at,"
    " recorded_at, actor_id, source_id, payload, key"
)
LIST_FIELDS = "kinds accounts groups happened_at payloads keys hashes".split()


@dataclass(frozen=True)
class FactBatch:
    """Columns of facts of one community and source; None is null.

    On PostgreSQL they may be Arrow arrays. Times are microseconds. `hashes` are those of
    `key_hashes`, or 0 on PostgreSQL.
    """

    community_id: int
    source_id: int
    actor_id: int | None
    recorded_at: int
    kinds: list[int]
    accounts: list[int | None]
    groups: list[int | None]
    happened_at: list[int]
    payloads: list[str | None]
    keys: list[str]
    hashes: list[int]

    def __len__(self) -> int:
        return len(self.keys)

    def select(self, indexes: Sequence[int]) -> FactBatch:
        columns: dict[str, Any] = {}
        for name in LIST_FIELDS:
            values = getattr(self, name)
            columns[name] = [values[index] for index in indexes]
        return dataclasses.replace(self, **columns)


def insert_new(batch: FactBatch) -> int:
    """Store the facts whose keys are new; returns how many. Call it in a transaction."""
    if not len(batch):
        return 0
    if db.is_postgresql():
        return _insert_new_on_postgresql(batch)
    try:
        # A batch is usually new from end to end, so it is written without a look-up.
        with transaction.atomic():
            _insert(batch, with_hashes=True)
    except IntegrityError:
        return _insert_one_by_one(batch)
    return len(batch)


# SQLite


INSERT_FACT = (
    f"INSERT INTO core_fact (id, {COLUMNS})"  # noqa: S608 - constant
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
INSERT_KEY = "INSERT INTO core_factkey (hash, fact_id) VALUES (%s, %s)"
INSERT_OVERFLOWED_KEY = (
    "INSERT INTO core_factkeyoverflow (source_id, key, fact_id) VALUES (%s, %s, %s)"
)
SELECT_LAST_ID = "SELECT seq FROM sqlite_sequence WHERE name = 'core_fact'"


def _insert(batch: FactBatch, *, with_hashes: bool) -> int:
    """Insert the rows; returns the id of the first, the others follow it."""
    # sqlite_sequence and not max(id): an id must never be used twice, even after facts
    # were erased.
    rows = db.rows(SELECT_LAST_ID)
    first, count = (rows[0][0] if rows else 0) + 1, len(batch)
    ids = range(first, first + count)
    # Tuples for executemany, without a model instance per row.
    values = zip(
        ids,
        [batch.community_id] * count,
        batch.kinds,
        batch.accounts,
        batch.groups,
        batch.happened_at,
        [batch.recorded_at] * count,
        [batch.actor_id] * count,
        [batch.source_id] * count,
        batch.payloads,
        batch.keys,
        strict=True,
    )
    with connection.cursor() as cursor:
        if with_hashes:
            # First, because this is the statement that may fail.
            cursor.executemany(INSERT_KEY, list(zip(batch.hashes, ids, strict=True)))
        cursor.executemany(INSERT_FACT, list(values))
    return first


def _insert_one_by_one(batch: FactBatch) -> int:
    """Insert a batch of which some keys, or keys with the same hash, are stored already."""
    # json_each passes any number of values as one parameter. CROSS JOIN makes SQLite
    # look up each of them instead of scanning the table.
    owners = dict(
        db.rows(
            "SELECT existing.hash, existing.fact_id FROM json_each(%s) wanted"
            " CROSS JOIN core_factkey existing ON existing.hash = wanted.value",
            [_json(batch.hashes)],
        )
    )
    # A hash that exists may belong to another key.
    stored = _keys_by_fact(set(owners.values()))
    seen: set[str] = set()
    new_hashes: set[int] = set()
    plain, overflowing = [], []
    for index, (key, hash_) in enumerate(zip(batch.keys, batch.hashes, strict=True)):
        if key in seen:
            continue
        seen.add(key)
        owner = owners.get(hash_)
        if owner is None and hash_ not in new_hashes:
            new_hashes.add(hash_)
            plain.append(index)
        elif owner is None or stored.get(owner) != (batch.source_id, key):
            # The hash belongs to another key, of this batch or of an earlier one.
            overflowing.append(index)
    if plain:
        _insert(batch.select(plain), with_hashes=True)
    return len(plain) + insert_overflowing(batch.select(overflowing))


def insert_overflowing(batch: FactBatch) -> int:
    """Store facts with different keys whose hashes belong to other keys."""
    # One look-up for all of them. With 64 bits there is hardly ever one.
    new = _without_overflowed(batch, list(range(len(batch))))
    if not new:
        return 0
    part = batch.select(new)
    first = _insert(part, with_hashes=False)
    rows = [(part.source_id, key, fact) for fact, key in enumerate(part.keys, first)]
    with connection.cursor() as cursor:
        cursor.executemany(INSERT_OVERFLOWED_KEY, rows)
    return len(new)


def _keys_by_fact(ids: set[int]) -> dict[int, tuple[int, str]]:
    """Source and key of facts, by id."""
    rows = db.rows(
        "SELECT fact.id, fact.source_id, fact.key FROM json_each(%s) wanted"
        " CROSS JOIN core_fact fact ON fact.id = wanted.value",
        [_json(sorted(ids))],
    )
    return {fact: (source, key) for fact, source, key in rows}


def _json(numbers: Sequence[int]) -> str:
    return f"[{','.join(map(str, numbers))}]"


def _without_overflowed(batch: FactBatch, indexes: list[int]) -> list[int]:
    """Those of `indexes` whose keys are not in the overflow table."""
    if not indexes:
        return []
    keys = [batch.keys[index] for index in indexes]
    rows = db.rows(
        "SELECT key FROM core_factkeyoverflow WHERE source_id = %s"  # noqa: S608
        f" AND key IN ({db.placeholders(len(keys))})",
        [batch.source_id, *keys],
    )
    existing = {row[0] for row in rows}
    return [index for index in indexes if batch.keys[index] not in existing]


# PostgreSQL


FEW_FACTS = 20
SELECT_EXISTING_KEYS = """
SELECT wanted.key FROM unnest(%s::text[]) AS wanted(key) CROSS JOIN LATERAL (
    SELECT 1 FROM core_fact f WHERE f.source_id = %s AND f.key = wanted.key LIMIT 1
) AS existing
"""
"""One index probe per key. `key = ANY(…)` read all facts of a source that the planner had
no statistics about yet."""


def _insert_new_on_postgresql(batch: FactBatch) -> int:
    if len(batch) <= FEW_FACTS:
        return _insert_few(batch)
    keys = pa.array(batch.keys, pa.string())
    codes = np.asarray(pc.dictionary_encode(keys).indices)
    # Of several facts with the same key the first one counts.
    is_first = np.zeros(len(keys), dtype=bool)
    is_first[np.unique(codes, return_index=True)[1]] = True
    # In the order of the index, so that two writers of the same keys do not deadlock.
    table = _to_table(batch).filter(pa.array(is_first)).sort_by("key")
    # Encoded during the look-up, as a batch is usually new from end to end.
    encoded = postgresql_copy.encode(table)
    rows = db.rows(
        SELECT_EXISTING_KEYS, [db.text_array(table["key"].to_pylist()), batch.source_id]
    )
    csv = encoded.result()
    if rows:
        existing = pa.array([row[0] for row in rows], pa.string())
        table = table.filter(pc.invert(pc.is_in(table["key"], value_set=existing)))
        if not table.num_rows:
            return 0
        csv = postgresql_copy.to_csv(table)
    try:
        with transaction.atomic():
            postgresql_copy.insert("core_fact", COLUMNS, csv)
    except IntegrityError:
        # Another process stored some of these keys since the look-up.
        # COPY has no ON CONFLICT, so the rows are copied aside and inserted from there.
        db.execute(
            "CREATE TEMP TABLE qunce_incoming ON COMMIT DROP AS"  # noqa: S608 - constant
            f" SELECT {COLUMNS} FROM core_fact WHERE false"
        )
        postgresql_copy.insert("qunce_incoming", COLUMNS, csv)
        count = db.execute(INSERT_NEW)
        db.execute("DROP TABLE qunce_incoming")
        return count
    return int(table.num_rows)


def _insert_few(batch: FactBatch) -> int:
    """Insert by one statement, as a program that reports single facts waits for each."""
    columns: list[Any] = [
        batch.kinds,
        batch.accounts,
        batch.groups,
        batch.happened_at,
        batch.payloads,
        batch.keys,
    ]
    columns = [c if isinstance(c, list) else c.to_pylist() for c in columns]
    rows = sorted(
        (
            (
                batch.community_id,
                kind,
                account,
                group,
                moment,
                batch.recorded_at,
                batch.actor_id,
                batch.source_id,
                payload,
                key,
            )
            for kind, account, group, moment, payload, key in zip(*columns, strict=True)
        ),
        key=operator.itemgetter(-1),
    )
    marks = ", ".join([f"({db.placeholders(len(rows[0]))})"] * len(rows))
    return db.execute(
        f"INSERT INTO core_fact ({COLUMNS}) VALUES {marks} {SKIP_KNOWN}",  # noqa: S608
        [value for row in rows for value in row],
    )


def _to_table(batch: FactBatch) -> pa.Table:
    """Return the columns of the table of facts."""
    count = len(batch)
    columns = {
        "community_id": pa.repeat(batch.community_id, count),
        "kind_id": pa.array(batch.kinds, pa.int64()),
        "account_id": pa.array(batch.accounts, pa.int64()),
        "group_id": pa.array(batch.groups, pa.int64()),
        "happened_at": pa.array(batch.happened_at, pa.int64()),
        "recorded_at": pa.repeat(batch.recorded_at, count),
        "actor_id": pa.repeat(pa.scalar(batch.actor_id, pa.int64()), count),
        "source_id": pa.repeat(batch.source_id, count),
        "payload": pa.array(batch.payloads, pa.string()),
        "key": pa.array(batch.keys, pa.string()),
    }
    return pa.table(columns)


SKIP_KNOWN = "ON CONFLICT (source_id, key) WHERE key IS NOT NULL DO NOTHING"
INSERT_NEW = f"""
INSERT INTO core_fact ({COLUMNS}) SELECT {COLUMNS} FROM qunce_incoming {SKIP_KNOWN}
"""  # noqa: S608 - constant

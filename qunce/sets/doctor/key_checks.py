"""The check of SQLite's index of fact keys, which keeps a fact from being added twice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from django.db import transaction
from django.utils.translation import gettext as _

from qunce.core import db
from qunce.core.facts import key_hashes
from qunce.sets.doctor import doctor
from qunce.sets.doctor.doctor import Finding

Row = tuple[int, int, str]
"""A fact's id, source and key."""
SELECT_KEYED_FACTS = """
SELECT id, source_id, key FROM core_fact
WHERE id > %s AND key IS NOT NULL ORDER BY id LIMIT 20000
"""
COUNT_ENTRIES = """
SELECT (SELECT count(*) FROM core_factkey) + (SELECT count(*) FROM core_factkeyoverflow)
"""


@doctor.register_check("keys")
def check_keys() -> Iterator[Finding]:
    # PostgreSQL has a unique index instead.
    if db.is_postgresql():
        return
    with db.snapshot():
        indexed = 0
        for rows in _iter_batches():
            missing = _list_unindexed(rows)
            indexed += len(rows) - len(missing)
            for fact, *_rest in missing:
                text = _("The key of fact %(fact)s is not in the index.")
                yield Finding("key", str(fact), text % {"fact": fact}, repair_index)
        # Counting is enough, as every key of a fact has been found once in the index
        # above.
        surplus = db.rows(COUNT_ENTRIES)[0][0] - indexed
    if surplus > 0:
        text = _("The index of keys has %(more)s entries without a fact.")
        yield Finding("key", "", text % {"more": surplus}, repair_index)


def _iter_batches() -> Iterator[list[Row]]:
    last = 0
    # By id instead of with OFFSET, which would read all earlier rows again.
    while rows := db.rows(SELECT_KEYED_FACTS, [last]):
        last = rows[-1][0]
        yield rows


def _hashes(rows: list[Row]) -> list[int]:
    hashes = np.zeros(len(rows), dtype=np.int64)
    sources = np.array([row[1] or 0 for row in rows])
    for source in np.unique(sources):
        indexes = np.flatnonzero(sources == source)
        keys = [rows[index][2].encode() for index in indexes]
        hashes[indexes] = key_hashes.hashes_of(int(source), keys)
    return [int(number) for number in hashes]


SELECT_INDEXED = """
SELECT entry.hash, entry.fact_id FROM json_each(%s) wanted
CROSS JOIN core_factkey entry ON entry.hash = wanted.value
"""
SELECT_OVERFLOWED = """
SELECT fact_id FROM core_factkeyoverflow WHERE fact_id BETWEEN %s AND %s
"""


def _list_unindexed(rows: list[Row]) -> list[Row]:
    hashes = _hashes(rows)
    fact_by_hash = dict(db.rows(SELECT_INDEXED, [f"[{','.join(map(str, hashes))}]"]))
    absent = [
        row
        for row, hashed in zip(rows, hashes, strict=True)
        if fact_by_hash.get(hashed) != row[0]
    ]
    if not absent:
        return []
    overflowed = db.rows(SELECT_OVERFLOWED, [absent[0][0], absent[-1][0]])
    overflowed_ids = {row[0] for row in overflowed}
    return [row for row in absent if row[0] not in overflowed_ids]


DELETE_ORPHANS = """
DELETE FROM {table} WHERE NOT EXISTS (
    SELECT 1 FROM core_fact WHERE core_fact.id = {table}.fact_id
    AND core_fact.key IS NOT NULL)
"""
INSERT_KEY = """
INSERT INTO core_factkey (hash, fact_id) VALUES (%s, %s) ON CONFLICT DO NOTHING
"""
INSERT_OVERFLOW = """
INSERT INTO core_factkeyoverflow (source_id, key, fact_id) VALUES (%s, %s, %s)
ON CONFLICT DO NOTHING
"""


def repair_index() -> None:
    """Delete entries without a fact, then add the missing ones."""
    with transaction.atomic():
        for table in ("core_factkey", "core_factkeyoverflow"):
            db.execute(DELETE_ORPHANS.format(table=table))
    for rows in _iter_batches():
        missing = _list_unindexed(rows)
        with transaction.atomic():
            for row, hashed in zip(missing, _hashes(missing), strict=True):
                # Two keys with one hash: the second goes into the overflow table.
                if not db.execute(INSERT_KEY, [hashed, row[0]]):
                    db.execute(INSERT_OVERFLOW, [row[1], row[2], row[0]])

"""SQLite's index of keys against the log: what was taken once is not taken again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from django.db import transaction
from django.utils.translation import gettext as _

from qunce.core import db
from qunce.core.facts import ingest
from qunce.sets.doctor import doctor
from qunce.sets.doctor.doctor import Finding

Row = tuple[int, int, str]
"""A fact's id, source and key."""
KEYED = """
SELECT id, source_id, key FROM core_fact
WHERE id > %s AND key IS NOT NULL ORDER BY id LIMIT 20000
"""
ENTRIES = """
SELECT (SELECT count(*) FROM core_factkey) + (SELECT count(*) FROM core_factkeyoverflow)
"""


@doctor.examines("keys")
def examine() -> Iterator[Finding]:
    if db.is_postgresql():
        return
    with db.snapshot():
        found = 0
        for rows in _rows():
            missing = _unindexed(rows)
            found += len(rows) - len(missing)
            for fact, *_rest in missing:
                text = _("The key of fact %(fact)s is not in the index.")
                yield Finding("key", str(fact), text % {"fact": fact}, mend)
        more = db.rows(ENTRIES)[0][0] - found
    if more > 0:
        text = _("The index of keys has %(more)s entries without a fact.")
        yield Finding("key", "", text % {"more": more}, mend)


def _rows() -> Iterator[list[Row]]:
    last = 0
    while rows := db.rows(KEYED, [last]):
        last = rows[-1][0]
        yield rows


def _hashes(rows: list[Row]) -> list[int]:
    hashes = np.zeros(len(rows), dtype=np.int64)
    sources = np.array([row[1] or 0 for row in rows])
    for source in np.unique(sources):
        mine = np.flatnonzero(sources == source)
        keys = [rows[place][2].encode() for place in mine]
        hashes[mine] = ingest.hashes_of(int(source), keys)
    return [int(number) for number in hashes]


HOLDERS = """
SELECT known.hash, known.fact_id FROM json_each(%s) wanted
CROSS JOIN core_factkey known ON known.hash = wanted.value
"""
OVERFLOWED = """
SELECT fact_id FROM core_factkeyoverflow WHERE fact_id BETWEEN %s AND %s
"""


def _unindexed(rows: list[Row]) -> list[Row]:
    hashes = _hashes(rows)
    wanted = f"[{','.join(map(str, hashes))}]"
    holders = dict(db.rows(HOLDERS, [wanted]))
    absent = [
        row
        for row, hashed in zip(rows, hashes, strict=True)
        if holders.get(hashed) != row[0]
    ]
    if not absent:
        return []
    overflowed = {row[0] for row in db.rows(OVERFLOWED, [absent[0][0], absent[-1][0]])}
    return [row for row in absent if row[0] not in overflowed]


LOOSE = """
DELETE FROM {table} WHERE NOT EXISTS (
    SELECT 1 FROM core_fact WHERE core_fact.id = {table}.fact_id
    AND core_fact.key IS NOT NULL)
"""
TAKE = """
INSERT INTO core_factkey (hash, fact_id) VALUES (%s, %s) ON CONFLICT DO NOTHING
"""
OVERFLOW = """
INSERT INTO core_factkeyoverflow (source_id, key, fact_id) VALUES (%s, %s, %s)
ON CONFLICT DO NOTHING
"""


def mend() -> None:
    """Drop entries without a fact, then make those that are missing."""
    with transaction.atomic():
        for table in ("core_factkey", "core_factkeyoverflow"):
            db.execute(LOOSE.format(table=table))
    for rows in _rows():
        missing = _unindexed(rows)
        with transaction.atomic():
            for row, hashed in zip(missing, _hashes(missing), strict=True):
                if not db.execute(TAKE, [hashed, row[0]]):
                    db.execute(OVERFLOW, [row[1], row[2], row[0]])

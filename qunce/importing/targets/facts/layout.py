"""Lays out facts in a SQLite file of their own, from which set statements take them."""

from __future__ import annotations

from pathlib import Path

import adbc_driver_sqlite.dbapi
import numpy as np
import pyarrow as pa

from qunce.core.facts import laid_facts

SOURCES = {
    "hash": "hash",
    "kind": "kind_id",
    "account": "account",
    "grp": "grp",
    "happened_at": "happened_at",
    "payload": "payload",
    "key": "key",
}
"""Columns of the file, by the columns of a part."""
PRAGMAS = (
    # The file is needed by this process alone, and made again after a crash.
    "PRAGMA page_size = 16384",
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA locking_mode = EXCLUSIVE",
)


def write(path: Path, rows: pa.Table) -> None:
    """Write rows that are sorted by hash and whose kinds and members have their ids."""
    numbers = pa.array(np.arange(1, rows.num_rows + 1))
    columns = {name: rows[source] for name, source in SOURCES.items()}
    numbered = pa.table({"n": numbers, **columns})
    # In C, without Python's global lock: half a million rows a second.
    with (
        adbc_driver_sqlite.dbapi.connect(str(path), autocommit=True) as connection,
        connection.cursor() as cursor,
    ):
        for pragma in PRAGMAS:
            cursor.execute(pragma)
        cursor.execute(laid_facts.CREATE)
        cursor.execute("BEGIN")
        cursor.adbc_ingest("laid", numbered, mode="append")
        cursor.execute("COMMIT")

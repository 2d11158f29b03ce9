"""Lays out rows in a SQLite file of their own, from which set statements take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

PRAGMAS = (
    # The file is needed by this process alone, and made again after a crash.
    "PRAGMA page_size = 16384",
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA locking_mode = EXCLUSIVE",
)


def write(path: Path, create: str, rows: pa.Table) -> None:
    """Write rows with the columns of the table `laid`, which `create` makes."""
    # Loading it takes a tenth of a second, and PostgreSQL needs no such files.
    from adbc_driver_sqlite import dbapi

    # In C, without Python's global lock: half a million rows a second.
    with (
        dbapi.connect(str(path), autocommit=True) as connection,
        connection.cursor() as cursor,
    ):
        for pragma in PRAGMAS:
            cursor.execute(pragma)
        cursor.execute(create)
        cursor.execute("BEGIN")
        cursor.adbc_ingest("laid", rows, mode="append")
        cursor.execute("COMMIT")

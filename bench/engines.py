"""The two relational engines, for bulk loading and the rivals.

These connections belong to the benchmarks. Sorted writes without waiting for the disk
insert fifty million rows in minutes. No measurement of Qunce uses them.
"""

from __future__ import annotations

import io
import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pyarrow as pa
from pyarrow import csv


class Engine(Protocol):
    name: str

    def execute(self, sql: str) -> None: ...

    def rows(self, sql: str) -> list[tuple[Any, ...]]: ...

    def insert(self, table: str, rows: pa.Table) -> None: ...

    def without_indexes(self, table: str) -> AbstractContextManager[None]: ...

    def finish(self, *, analyse: bool = False) -> None: ...


SQLITE_INDEXES = """
SELECT name, sql FROM sqlite_master
WHERE type = 'index' AND tbl_name = '{}' AND sql IS NOT NULL
"""
POSTGRES_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes WHERE tablename = '{}' AND indexname NOT IN
(SELECT conname FROM pg_constraint WHERE contype IN ('p', 'u'))
"""


@contextmanager
def dropped(engine: Engine, sql: str) -> Iterator[None]:
    """Drop indexes and create them after the rows, which is faster than updating them."""
    indexes = engine.rows(sql)
    for name, _ in indexes:
        engine.execute(f'DROP INDEX "{name}"')
    yield
    for _, definition in indexes:
        engine.execute(definition)


class Sqlite:
    name = "sqlite"

    def __init__(self, path: Path, *, loading: bool = True) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        pragmas = ["cache_size=-65536", "temp_store=MEMORY", "mmap_size=1073741824"]
        if loading:
            pragmas += ["journal_mode=MEMORY", "synchronous=OFF", "cache_size=-524288"]
        for pragma in pragmas:
            self.connection.execute(f"PRAGMA {pragma}")

    def execute(self, sql: str) -> None:
        self.connection.execute(sql)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()

    def insert(self, table: str, rows: pa.Table) -> None:
        names = ", ".join(f'"{name}"' for name in rows.column_names)
        placeholders = ", ".join("?" * rows.num_columns)
        sql = f"INSERT INTO {table} ({names}) VALUES ({placeholders})"
        columns = [column.to_pylist() for column in rows.columns]
        self.connection.execute("BEGIN")
        self.connection.executemany(sql, zip(*columns, strict=True))
        self.connection.execute("COMMIT")

    def without_indexes(self, table: str) -> AbstractContextManager[None]:
        return dropped(self, SQLITE_INDEXES.format(table))

    def finish(self, *, analyse: bool = False) -> None:
        if analyse:
            self.connection.execute("ANALYZE")
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.close()


class Postgres:
    name = "postgresql"

    def __init__(self) -> None:
        url = os.environ["DATABASE_URL"]
        self.connection = psycopg.connect(url, autocommit=True)

    def execute(self, sql: str) -> None:
        self.connection.execute(sql)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()

    def insert(self, table: str, rows: pa.Table) -> None:
        names = ", ".join(f'"{name}"' for name in rows.column_names)
        out = io.BytesIO()
        csv.write_csv(rows, out, csv.WriteOptions(include_header=False))
        command = f"COPY {table} ({names}) FROM STDIN (FORMAT csv)"
        with self.connection.cursor() as cursor, cursor.copy(command) as copy:
            copy.write(out.getvalue())

    def without_indexes(self, table: str) -> AbstractContextManager[None]:
        return dropped(self, POSTGRES_INDEXES.format(table))

    def finish(self, *, analyse: bool = False) -> None:
        # Autovacuum would do this a little later.
        self.connection.execute("VACUUM ANALYZE")
        self.connection.close()

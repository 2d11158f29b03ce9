"""Snapshots for several reads, raw SQL, and the places where the databases differ."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.db import connections

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.db.backends.base.base import BaseDatabaseWrapper

BEGIN = {
    "sqlite": "BEGIN DEFERRED",
    "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
}


def is_postgresql(using: str = "default") -> bool:
    return connections[using].vendor == "postgresql"


@contextmanager
def snapshot(using: str = "default") -> Iterator[None]:
    """All reads inside the block see the same commits and take no write lock.

    Inside an open transaction the block adds nothing to it.
    """
    connection = connections[using]
    # Nested snapshots share the outer one.
    if connection.in_atomic_block or getattr(connection, "qunce_snapshot", False):
        yield
        return
    # Not `atomic`: on SQLite our settings let it begin with the write lock, which
    # readers must not take.
    run(connection, BEGIN[connection.vendor])
    # On the connection, as it is what the transaction belongs to; a thread may have
    # several.
    connection.qunce_snapshot = True  # type: ignore[attr-defined]
    try:
        yield
    finally:
        connection.qunce_snapshot = False  # type: ignore[attr-defined]
        # The connection may have been lost or closed inside the block.
        if connection.connection is not None:
            run(connection, "COMMIT")


READ_ONLY = {
    "sqlite": ("PRAGMA query_only = ON", "PRAGMA query_only = OFF"),
    "postgresql": (
        "SET default_transaction_read_only = on",
        "RESET default_transaction_read_only",
    ),
}


@contextmanager
def read_only() -> Iterator[None]:
    """Let every write inside the block fail, whatever code it comes from."""
    for connection in connections.all():
        run(connection, READ_ONLY[connection.vendor][0])
    try:
        yield
    finally:
        for connection in connections.all():
            if connection.connection is not None:
                run(connection, READ_ONLY[connection.vendor][1])


def run(connection: BaseDatabaseWrapper, sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def rows(
    sql: str, params: Sequence[Any] = (), using: str = "default"
) -> list[tuple[Any, ...]]:
    """The rows of a SELECT with `%s` placeholders."""
    with connections[using].cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def execute(sql: str, params: Sequence[Any] = (), using: str = "default") -> int:
    """Run one statement; returns the number of affected rows."""
    with connections[using].cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


def insert(
    into: str,
    rows: Sequence[Sequence[Any]],
    using: str = "default",
    *,
    on_conflict: str = "",
) -> None:
    """Insert rows; `into` is the statement up to and with VALUES.

    `on_conflict` is its clause ON CONFLICT, if it has one.

    SQLite is fastest with one prepared statement per row. PostgreSQL answers each
    statement over a socket, so it is faster with many rows in one.
    """
    if not rows:
        return
    values = f"({placeholders(len(rows[0]))})"
    with connections[using].cursor() as cursor:
        if not is_postgresql(using):
            cursor.executemany(f"{into} {values} {on_conflict}", rows)
            return
        # A statement has at most 65,535 parameters.
        rows_per_statement = min(1_000, 60_000 // len(rows[0]))
        for start in range(0, len(rows), rows_per_statement):
            chunk = rows[start : start + rows_per_statement]
            flat = [value for row in chunk for value in row]
            all_values = ", ".join([values] * len(chunk))
            cursor.execute(f"{into} {all_values} {on_conflict}", flat)


def truncate_logs() -> None:
    """Empty SQLite's write-ahead logs, which have what was deleted until they are reused.

    Best effort: a reader may still need a log.
    """
    for alias in connections:
        if not is_postgresql(alias):
            run(connections[alias], "PRAGMA wal_checkpoint(TRUNCATE)")


def placeholders(count: int) -> str:
    """`%s, %s, …`, for IN lists and VALUES."""
    return ", ".join(["%s"] * count)

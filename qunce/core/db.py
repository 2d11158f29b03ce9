"""One consistent view for several reads, and the few places where the databases differ."""

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
    """All reads inside see the same commits and take no write lock.

    Inside an open transaction it adds nothing: that transaction is the view.
    """
    connection = connections[using]
    if connection.in_atomic_block or getattr(connection, "qunce_snapshot", False):
        yield
        return
    run(connection, BEGIN[connection.vendor])
    connection.qunce_snapshot = True  # type: ignore[attr-defined]
    try:
        yield
    finally:
        connection.qunce_snapshot = False  # type: ignore[attr-defined]
        if connection.connection is not None:
            run(connection, "COMMIT")


def run(connection: BaseDatabaseWrapper, sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def rows(
    sql: str, params: Sequence[Any] = (), using: str = "default"
) -> list[tuple[Any, ...]]:
    """Rows of a plain SELECT with `%s` placeholders."""
    with connections[using].cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def execute(sql: str, params: Sequence[Any] = (), using: str = "default") -> int:
    """Run one statement; returns the number of rows it touched."""
    with connections[using].cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


def insert(into: str, rows: Sequence[Sequence[Any]], using: str = "default") -> None:
    """`INSERT INTO t (a, b) VALUES`, and the rows.

    SQLite is fastest row by row through one statement; PostgreSQL, which answers each
    statement over a socket, with many rows in one.
    """
    if not rows:
        return
    one = f"({placeholders(len(rows[0]))})"
    with connections[using].cursor() as cursor:
        if not is_postgresql(using):
            cursor.executemany(f"{into} {one}", rows)
            return
        most = min(1_000, 60_000 // len(rows[0]))
        for begin in range(0, len(rows), most):
            some = rows[begin : begin + most]
            flat = [value for row in some for value in row]
            cursor.execute(f"{into} {', '.join([one] * len(some))}", flat)


def placeholders(count: int) -> str:
    """`%s, %s, …` for an IN list."""
    return ", ".join(["%s"] * count)

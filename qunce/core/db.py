"""Snapshots for several reads, raw SQL, and the places where the databases differ."""

from __future__ import annotations

import logging
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from django.db import OperationalError, connections, transaction
from django.db.models.expressions import RawSQL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from django.db.backends.base.base import BaseDatabaseWrapper

log = logging.getLogger(__name__)

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


BEST_EFFORT_MS = 100


def write_if_possible(write: Callable[[], object], using: str = "default") -> None:
    """Call `write` in a transaction, or leave it if that is not possible right now.

    For what is written beside a read, such as when something was last used: a locked
    database or a full disk must not keep anybody from reading.
    """
    connection = connections[using]
    try:
        with _waiting_briefly(connection), transaction.atomic(using):
            write()
    except OperationalError as error:
        log.info("not written: %s", error)


@contextmanager
def _waiting_briefly(connection: BaseDatabaseWrapper) -> Iterator[None]:
    if connection.in_atomic_block:
        # It has the lock on SQLite. On PostgreSQL it waits as long as its transaction.
        yield
    elif connection.vendor == "postgresql":
        run(connection, f"SET lock_timeout = {BEST_EFFORT_MS}")
        try:
            yield
        finally:
            run(connection, "RESET lock_timeout")
    else:
        with connection.waiting_at_most(BEST_EFFORT_MS / 1000):  # type: ignore[attr-defined]
            yield


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


def rows_not_durable(
    sql: str, params: Sequence[Any], using: str = "default"
) -> list[tuple[Any, ...]]:
    """The rows of a statement that ends in RETURNING …, whose commit waits for no disk.

    For what may be lost with the power, such as counts of requests: the disk is what a
    crowd waits for. Inside an open transaction it is like `rows`.
    """
    connection = connections[using]
    if connection.in_atomic_block:
        return rows(sql, params, using)
    if connection.vendor == "postgresql":
        # In the statement, which is a transaction of its own, and not a round trip more.
        found = rows(f"{sql}, {OF_THIS_TRANSACTION}", params, using)
        return [row[:-1] for row in found]
    ((before,),) = rows("PRAGMA synchronous", (), using)
    run(connection, f"PRAGMA synchronous = {min(before, SYNCHRONOUS_NORMAL)}")
    try:
        return rows(sql, params, using)
    finally:
        # The connection may have been lost.
        if connection.connection is not None:
            run(connection, f"PRAGMA synchronous = {before}")


SYNCHRONOUS_NORMAL = 1
"""With a write-ahead log, SQLite then waits for the disk at checkpoints only."""
OF_THIS_TRANSACTION = "set_config('synchronous_commit', 'off', true)"


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
        # Inside a transaction, or while a statement is open, the log is in use.
        if not is_postgresql(alias) and not connections[alias].in_atomic_block:
            with suppress(OperationalError):
                connections[alias].wait_and_checkpoint("TRUNCATE")  # type: ignore[attr-defined]


def among_ids(ids: Iterable[int]) -> str:
    """The condition that a column is one of these ids, which stand in the statement.

    As parameters, a thousand ids take psycopg longer to count than PostgreSQL to find.
    """
    listed = ",".join(str(int(each)) for each in ids)
    return f"= ANY ('{{{listed}}}'::bigint[])" if is_postgresql() else f"IN ({listed})"


def id_list(ids: Sequence[int]) -> Sequence[int] | RawSQL:
    """The ids for a lookup such as `pk__in`, on PostgreSQL as one parameter."""
    if not is_postgresql():
        return ids
    return RawSQL("SELECT unnest(%s::bigint[])", [text_array(map(str, ids))])


def among(texts: Sequence[str]) -> tuple[str, list[str]]:
    """The condition that a column is one of these texts, and its parameters."""
    if is_postgresql():
        return "= ANY (%s::text[])", [text_array(texts)]
    return f"IN ({placeholders(len(texts))})", list(texts)


def text_array(texts: Iterable[str]) -> str:
    """A parameter `%s::text[]` for PostgreSQL.

    psycopg takes longer to write thousands of texts into a statement, one by one, than
    PostgreSQL to look them up.
    """
    escaped = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{" + ",".join(f'"{text}"' for text in escaped) + "}"


def placeholders(count: int) -> str:
    """`%s, %s, …`, for IN lists and VALUES."""
    return ", ".join(["%s"] * count)

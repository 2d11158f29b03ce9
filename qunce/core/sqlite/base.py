"""Django's SQLite, whose statements wait in Python until another writer is done.

SQLite's own wait holds the mutex of the connection. Python's garbage collector resets
cursors of other threads, which needs that mutex: a thread that held the lock of the
database would wait for a thread that waits for this lock, until the timeout.

SQLite also looks again after 1, 2, 5, 10 … 100 ms only. Beside an import, which leaves
the lock free for a few milliseconds between two batches, a writer that sleeps for long
misses one pause after another.

Of the threads of a process one looks, and the others wait for their turn: with twenty
requests that write, looking took more processor time than all else.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db.backends.sqlite3 import base

FIRST_INTERVAL, LATER_INTERVAL = 0.001, 0.002
"""Seconds between two looks, at first and later."""
FIRST_LOOKS = 50
CHECKPOINT_WAIT_MS = 100
BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_RECOVERY})
"""Another connection has the lock. Not that a snapshot is too old to be written, which no
wait can mend.
"""

_thread = threading.local()
_turn = threading.Lock()
"""The thread that has it looks whether the lock of the database is free."""


def wait_at_most(seconds: float) -> None:
    """Let connections that this thread opens from now on wait for a lock no longer."""
    _thread.seconds = seconds


class Cursor(base.SQLiteCursorWrapper):
    """Tries a statement again while another connection has the lock."""

    seconds = 0.0

    def execute(self, query: str, params: Any = None) -> Any:
        return self._wait_for(lambda: super(Cursor, self).execute(query, params))

    def executemany(self, query: str, param_list: Any) -> Any:
        if self.connection.in_transaction:
            return super().executemany(query, param_list)
        # One transaction, since what is tried again must not have been done in part.
        self._wait_for(lambda: self.connection.execute("BEGIN IMMEDIATE"))
        with self.connection:
            return super().executemany(query, param_list)

    def _wait_for(self, run: Callable[[], Any]) -> Any:
        """Call until the lock is free; raises sqlite3.OperationalError after `seconds`."""
        try:
            return run()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in BUSY:
                raise
            deadline = time.monotonic() + self.seconds
            if not _turn.acquire(timeout=self.seconds):
                raise
        try:
            return self._look_until(run, deadline)
        finally:
            _turn.release()

    def _look_until(self, run: Callable[[], Any], deadline: float) -> Any:
        looks = 0
        while True:
            looks += 1
            time.sleep(FIRST_INTERVAL if looks <= FIRST_LOOKS else LATER_INTERVAL)
            try:
                return run()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode not in BUSY or time.monotonic() >= deadline:
                    raise


class DatabaseWrapper(base.DatabaseWrapper):
    seconds = 0.0
    """How long a statement waits for the lock."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> sqlite3.Connection:
        connection: sqlite3.Connection = super().get_new_connection(conn_params)
        connection.execute("PRAGMA busy_timeout = 0")
        self.seconds = getattr(_thread, "seconds", 0) or conn_params.get("timeout", 5)
        return connection

    def create_cursor(self, name: str | None = None) -> Cursor:
        cursor: Cursor = self.connection.cursor(factory=Cursor)
        cursor.seconds = self.seconds
        return cursor

    def wait_and_checkpoint(self, mode: str) -> None:
        """Checkpoint the write-ahead log after at most CHECKPOINT_WAIT_MS for its readers.

        SQLite waits itself, as a checkpoint that cannot be completed is not an error that
        a cursor could see. Writers wait in the meantime.
        """
        with self.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {CHECKPOINT_WAIT_MS}")
            try:
                cursor.execute(f"PRAGMA wal_checkpoint({mode})")
            finally:
                cursor.execute("PRAGMA busy_timeout = 0")

    @contextmanager
    def waiting_at_most(self, seconds: float) -> Iterator[None]:
        """Let statements inside the block wait no longer for a lock."""
        self.ensure_connection()
        before, self.seconds = self.seconds, seconds
        try:
            yield
        finally:
            self.seconds = before

"""Django's SQLite, whose writers wait for each other by looking often.

SQLite itself looks again after 1, 2, 5, 10 … 100 ms. Beside an import, which leaves the
lock free for a few milliseconds between two batches, a writer that sleeps for long misses
one pause after another.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from typing import Any

from django.db import OperationalError
from django.db.backends.sqlite3 import base

FIRST_INTERVAL, LATER_INTERVAL = 0.001, 0.002
"""Seconds between two looks, at first and later."""
FIRST_LOOKS = 50


_thread = threading.local()


def wait_at_most(seconds: float) -> None:
    """Let connections that this thread opens from now on wait for a lock no longer."""
    _thread.seconds = seconds


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> sqlite3.Connection:
        connection: sqlite3.Connection = super().get_new_connection(conn_params)
        if seconds := getattr(_thread, "seconds", 0):
            connection.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
        return connection

    def _start_transaction_under_autocommit(self) -> None:
        connection: sqlite3.Connection = self.connection
        (timeout,) = connection.execute("PRAGMA busy_timeout").fetchone()
        connection.execute("PRAGMA busy_timeout = 0")
        try:
            self._begin(time.monotonic() + timeout / 1000)
        finally:
            connection.execute(f"PRAGMA busy_timeout = {timeout}")

    def _begin(self, deadline: float) -> None:
        """Take the lock; raises OperationalError if it is not free before the deadline."""
        had_errors, looks = self.errors_occurred, 0
        while True:
            try:
                super()._start_transaction_under_autocommit()  # type: ignore[misc]
            except OperationalError as error:
                is_busy = _is_busy(error.__cause__)
                if not is_busy or time.monotonic() > deadline:
                    raise
                # Otherwise the connection would be opened again after the request.
                self.errors_occurred = had_errors
                looks += 1
                time.sleep(FIRST_INTERVAL if looks <= FIRST_LOOKS else LATER_INTERVAL)
            else:
                return


def _is_busy(error: BaseException | None) -> bool:
    """Return whether another connection has the lock, in whatever way."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_BUSY

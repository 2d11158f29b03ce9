"""How writers wait for SQLite's lock."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from django.db import OperationalError, connection, transaction

from qunce.core import db

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def other() -> Iterator[sqlite3.Connection]:
    """A connection of another program."""
    name = connection.settings_dict["NAME"]
    with closing(
        sqlite3.connect(name, isolation_level=None, check_same_thread=False)
    ) as opened:
        yield opened


def timeout() -> int:
    return int(db.rows("PRAGMA busy_timeout")[0][0])


def test_writer_begins_soon_after_the_lock_is_free(other: sqlite3.Connection) -> None:
    before = timeout()
    other.execute("BEGIN IMMEDIATE")
    freed: list[float] = []

    def free() -> None:
        time.sleep(0.3)
        other.execute("ROLLBACK")
        freed.append(time.monotonic())

    thread = threading.Thread(target=free)
    thread.start()
    with transaction.atomic():
        began = time.monotonic()
    thread.join()
    # SQLite's own wait would have looked again after up to 100 ms.
    assert 0 <= began - freed[0] < 0.09
    assert timeout() == before
    assert not connection.errors_occurred


def test_writer_gives_up_after_the_timeout(other: sqlite3.Connection) -> None:
    before = timeout()
    other.execute("BEGIN IMMEDIATE")
    db.rows("PRAGMA busy_timeout = 50")
    started = time.monotonic()
    with pytest.raises(OperationalError, match="locked"), transaction.atomic():
        pass
    assert time.monotonic() - started >= 0.05
    assert timeout() == 50
    db.rows(f"PRAGMA busy_timeout = {before}")
    other.execute("ROLLBACK")
    with transaction.atomic():
        assert connection.in_atomic_block


def test_other_errors_are_not_waited_for() -> None:
    connection.ensure_connection()
    connection.connection.execute("BEGIN")
    try:
        with (
            pytest.raises(OperationalError, match="within a transaction"),
            transaction.atomic(),
        ):
            pass
    finally:
        connection.connection.execute("ROLLBACK")

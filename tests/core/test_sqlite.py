"""How writers wait for SQLite's lock."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction

from qunce.core import db
from qunce.core.communities import Community

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def other() -> Iterator[sqlite3.Connection]:
    """A connection of another program."""
    name = connection.settings_dict["NAME"]
    with closing(
        sqlite3.connect(name, isolation_level=None, check_same_thread=False)
    ) as opened:
        yield opened


def test_writer_looks_often_until_the_lock_is_free(
    other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    other.execute("BEGIN IMMEDIATE")
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 60:
            other.execute("ROLLBACK")

    monkeypatch.setattr(time, "sleep", sleep)
    with transaction.atomic():
        assert connection.in_atomic_block
    # SQLite's own wait looks again after up to 100 ms.
    assert len(pauses) == 60
    assert max(pauses) <= 0.002
    assert not connection.errors_occurred


def test_statements_outside_of_a_transaction_wait_like_transactions(
    other: sqlite3.Connection, shop: Community
) -> None:
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.05, lambda: other.execute("ROLLBACK"))
    timer.start()
    assert Community.objects.filter(pk=shop.pk).update(name="Tea") == 1
    timer.join()
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.05, lambda: other.execute("ROLLBACK"))
    timer.start()
    with connection.cursor() as cursor:
        sql = "UPDATE core_community SET name = %s WHERE id = %s"
        cursor.executemany(sql, [("Coffee", shop.pk), ("Cocoa", shop.pk)])
    timer.join()
    shop.refresh_from_db()
    assert shop.name == "Cocoa"


def test_who_has_the_lock_may_close_a_cursor_of_a_thread_that_waits_for_it(
    shop: Community,
) -> None:
    """As the garbage collector does, which runs in any thread."""
    # SQLite's own wait would hold what closing needs.
    assert db.rows("PRAGMA busy_timeout") == [(0,)]
    cursors: list[Any] = []
    outcomes: list[int] = []
    begins = threading.Event()

    def write() -> None:
        with closing(connections["default"]) as own:
            cursors.append(own.cursor().cursor)
            cursors[0].execute("SELECT 1 UNION SELECT 2")
            begins.set()
            with own.waiting_at_most(60.0):  # type: ignore[attr-defined]
                rows = Community.objects.filter(pk=shop.pk)
                outcomes.append(rows.update(name="Tea"))

    thread = threading.Thread(target=write)
    with transaction.atomic():
        thread.start()
        begins.wait()
        # Long enough for the other thread to be waiting in most runs.
        thread.join(0.3)
        cursors[0].close()
        assert outcomes == []
    thread.join()
    assert outcomes == [1]


def test_one_thread_looks_and_the_others_wait_for_their_turn(
    other: sqlite3.Connection, shop: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking: set[int] = set()
    outcomes: list[int] = []
    real = time.sleep

    def sleep(seconds: float) -> None:
        looking.add(threading.get_ident())
        real(seconds)

    def write() -> None:
        with closing(connections["default"]) as own:
            begin.wait()
            with own.waiting_at_most(60.0):  # type: ignore[attr-defined]
                rows = Community.objects.filter(pk=shop.pk)
                outcomes.append(rows.update(name="Tea"))

    monkeypatch.setattr(time, "sleep", sleep)
    begin = threading.Barrier(5)
    other.execute("BEGIN IMMEDIATE")
    threads = [threading.Thread(target=write) for _n in range(4)]
    for thread in threads:
        thread.start()
    begin.wait()
    # Long enough for all of them to be waiting in most runs.
    threads[0].join(0.3)
    assert len(looking) == 1
    assert outcomes == []
    other.execute("ROLLBACK")
    for thread in threads:
        thread.join()
    assert outcomes == [1, 1, 1, 1]


def test_thread_gives_up_while_another_one_looks(
    other: sqlite3.Connection, shop: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = threading.Event()
    real = time.sleep

    def sleep(seconds: float) -> None:
        looks.set()
        real(seconds)

    def write() -> None:
        with (
            closing(connections["default"]) as own,
            own.waiting_at_most(60.0),  # type: ignore[attr-defined]
        ):
            Community.objects.filter(pk=shop.pk).update(name="Tea")

    monkeypatch.setattr(time, "sleep", sleep)
    other.execute("BEGIN IMMEDIATE")
    thread = threading.Thread(target=write)
    thread.start()
    looks.wait()
    with (
        connection.waiting_at_most(0.05),  # type: ignore[attr-defined]
        pytest.raises(OperationalError, match="locked"),
        transaction.atomic(),
    ):
        pass
    other.execute("ROLLBACK")
    thread.join()
    shop.refresh_from_db()
    assert shop.name == "Tea"


def test_writer_gives_up_after_the_timeout(other: sqlite3.Connection) -> None:
    other.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    with (
        connection.waiting_at_most(0.05),  # type: ignore[attr-defined]
        pytest.raises(OperationalError, match="locked"),
        transaction.atomic(),
    ):
        pass
    assert time.monotonic() - started >= 0.05
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


def test_checkpoint_empties_the_log_unless_somebody_reads_from_it(
    other: sqlite3.Connection, shop: Community
) -> None:
    log = Path(f"{connection.settings_dict['NAME']}-wal")
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM core_community").fetchone()
    Community.objects.filter(pk=shop.pk).update(name="Tea")
    db.truncate_logs()
    assert log.stat().st_size > 0
    other.execute("COMMIT")
    db.truncate_logs()
    assert log.stat().st_size == 0
    # Statements wait in Python again.
    assert db.rows("PRAGMA busy_timeout") == [(0,)]

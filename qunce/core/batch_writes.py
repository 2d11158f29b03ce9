"""Bulk writing beside people at work: short transactions with pauses between them.

SQLite has one writer at a time, and who waits looks again after 1, 2, 5, 10, 15 … ms.
So a batch holds the lock for a short while, its rows are made ready before it takes the
lock, and between two batches the lock is free for at least PAUSE.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from django.db import connection, transaction

from qunce.core import db

INITIAL_ROWS = 1_000
MAX_ROWS = 5_000
MIN_ROWS = 100
LOCK_SECONDS = 0.030
LOCK_SECONDS_ON_POSTGRESQL = 0.150
"""Seconds; nobody waits for it there but who changes the same thing."""
PAUSE_SECONDS = 0.005
Batch = TypeVar("Batch")


@contextmanager
def without_mmap() -> Iterator[None]:
    """The database's file is not mapped into memory meanwhile.

    A bulk write touches all of it, and every page so touched counts as this process's.
    """
    if db.is_postgresql() or connection.in_atomic_block:
        yield
        return
    before = db.rows("PRAGMA mmap_size")
    db.rows("PRAGMA mmap_size = 0")
    try:
        yield
    finally:
        if before:
            db.rows(f"PRAGMA mmap_size = {int(before[0][0])}")


@dataclass
class BatchSizer:
    """How many rows the next batch may have, from how long the last ones took."""

    rows: int = field(default_factory=lambda: min(INITIAL_ROWS, MAX_ROWS))
    longest: float = 0.0
    """Seconds that the longest transaction held the lock."""
    free_since: float = 0.0

    def wait(self) -> None:
        """Sleep what is left of the pause; getting rows ready counts as pause."""
        left = PAUSE_SECONDS - (time.perf_counter() - self.free_since)
        if left > 0 and self.free_since and not db.is_postgresql():
            time.sleep(left)

    def note(self, rows: int, seconds: float) -> None:
        self.free_since = time.perf_counter()
        self.longest = max(self.longest, seconds)
        hold = LOCK_SECONDS_ON_POSTGRESQL if db.is_postgresql() else LOCK_SECONDS
        fitting = int(rows * hold / max(seconds, 1e-6))
        # Up slowly, down at once: a batch that is too long is felt by somebody.
        self.rows = max(MIN_ROWS, min(MAX_ROWS, fitting, self.rows * 2))


def write(
    total: int,
    *,
    prepare: Callable[[int, int], Batch],
    commit: Callable[[Batch, int], None],
    pace: BatchSizer,
    start: int = 0,
) -> None:
    """Write rows `start` to `total`, each batch in a transaction of its own.

    `prepare(begin, end)` runs outside the lock, `commit(batch, end)` inside. An error
    leaves the batches before it committed.
    """
    while start < total:
        end = min(start + pace.rows, total)
        batch = prepare(start, end)
        pace.wait()
        with transaction.atomic():
            begun = time.perf_counter()
            commit(batch, end)
        pace.note(end - start, time.perf_counter() - begun)
        start = end

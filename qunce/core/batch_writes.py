"""Bulk writes that leave room for people: short transactions with pauses in between.

SQLite has one writer at a time, and a waiting one looks again every 1 or 2 ms (see
`core.sqlite`). So a batch holds the lock for a short time, its rows are prepared before
it takes the lock, and between two batches the lock is free for at least PAUSE_SECONDS.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from django.db import connection, transaction

from qunce.core import db

if TYPE_CHECKING:
    from numpy.typing import NDArray

INITIAL_ROWS = 1_000
MAX_ROWS = 5_000
MIN_ROWS = 100
LOCK_SECONDS = 0.030
LOCK_SECONDS_ON_POSTGRESQL = 0.100
"""Longer, because only writers of the same rows wait for it there."""
PAUSE_SECONDS = 0.005
Batch = TypeVar("Batch")


@contextmanager
def without_mmap() -> Iterator[None]:
    """On SQLite, do not map the database's file into memory inside the block.

    A bulk write touches every page of it, and mapped pages count as this process's memory.
    """
    if db.is_postgresql() or connection.in_atomic_block:
        yield
        return
    # The setting is per connection and has to be put back, as the thread goes on
    # serving pages.
    before = db.rows("PRAGMA mmap_size")
    db.rows("PRAGMA mmap_size = 0")
    try:
        yield
    finally:
        if before:
            db.rows(f"PRAGMA mmap_size = {int(before[0][0])}")


MAX_LOG_FRAMES = 16_000
"""Pages of SQLite's write-ahead log after which it is started again."""
CHECKPOINT_SECONDS = 0.200


@dataclass
class BatchSizer:
    """Chooses the rows of the next batch by how long the last ones held the lock.

    `longest` is the longest time in seconds that a batch held it.
    """

    rows: int = field(default_factory=lambda: min(INITIAL_ROWS, MAX_ROWS))
    longest: float = 0.0
    free_since: float = 0.0
    max_rows: int = field(default_factory=lambda: MAX_ROWS)
    min_rows: int = field(default_factory=lambda: MIN_ROWS)
    """Smaller batches would not hold the lock for less time, as a commit takes its own."""
    lock_seconds: float = LOCK_SECONDS
    pause_seconds: float = PAUSE_SECONDS
    tends_log: bool = False
    """Whether the write-ahead log is looked after between batches, see `tended_log`."""
    after: Callable[[], None] | None = None
    """Called between two transactions."""

    def pause(self) -> None:
        """Sleep for the rest of the pause; the time spent preparing rows counts."""
        rest = self.pause_seconds - (time.perf_counter() - self.free_since)
        # PostgreSQL has no single writer's lock that others would wait for.
        if rest > 0 and self.free_since and not db.is_postgresql():
            time.sleep(rest)

    def record(self, rows: int, seconds: float) -> None:
        """Adapt to a batch of `rows` that held the lock for `seconds`."""
        self.free_since = time.perf_counter()
        self.longest = max(self.longest, seconds)
        is_postgresql = db.is_postgresql()
        target = LOCK_SECONDS_ON_POSTGRESQL if is_postgresql else self.lock_seconds
        # A clock may return the same time twice, so never divide by zero.
        fitting = int(rows * target / max(seconds, 1e-6))
        # Grow slowly and shrink immediately, since people feel a batch that is too long.
        self.rows = max(self.min_rows, min(self.max_rows, fitting, self.rows * 2))


@contextmanager
def tended_log(sizer: BatchSizer) -> Iterator[None]:
    """On SQLite, checkpoint the write-ahead log after each batch of a sizer that `tends_log`.

    Otherwise checkpoints would fall into somebody's transaction and, beside other writers,
    never get to the end of the log.
    """
    if not sizer.tends_log or db.is_postgresql() or connection.in_atomic_block:
        yield
        return
    before = db.rows("PRAGMA wal_autocheckpoint")[0][0]
    db.rows("PRAGMA wal_autocheckpoint = 0")
    last = time.perf_counter()

    def checkpoint() -> None:
        nonlocal last
        # Not after each batch, as a checkpoint waits for the disk like a commit.
        if time.perf_counter() - last >= CHECKPOINT_SECONDS:
            _checkpoint()
            last = time.perf_counter()

    sizer.after = checkpoint
    try:
        yield
    finally:
        sizer.after = None
        db.rows(f"PRAGMA wal_autocheckpoint = {int(before)}")


def _checkpoint() -> None:
    _busy, frames, _done = db.rows("PRAGMA wal_checkpoint(PASSIVE)")[0]
    if frames <= MAX_LOG_FRAMES:
        return
    # Waits for readers of the old log, but not long: the next one tries again.
    connection.wait_and_checkpoint("RESTART")  # type: ignore[attr-defined]


def write(
    total: int,
    *,
    prepare: Callable[[int, int], Batch],
    commit: Callable[[Batch, int], None],
    sizer: BatchSizer,
    start: int = 0,
    costs: NDArray[np.int64] | None = None,
) -> None:
    """Write rows `start` to `total` in batches, each in its own transaction.

    `prepare(start, end)` runs outside the lock, `commit(batch, end)` inside. An error
    leaves the batches before it committed. `costs` are the running totals of what the
    rows cost, if some take much longer than others; the cheapest rows cost 1.
    """
    while start < total:
        if costs is None:
            end, size = min(start + sizer.rows, total), 0
        else:
            before = int(costs[start - 1]) if start else 0
            end = max(
                int(np.searchsorted(costs, before + sizer.rows, "right")), start + 1
            )
            size = int(costs[end - 1]) - before
        # The longest part of most writes, which therefore stays outside of the lock.
        batch = prepare(start, end)
        sizer.pause()
        with transaction.atomic():
            # From BEGIN on. The wait for the lock must not count, or busy times would
            # make batches tiny.
            locked_at = time.perf_counter()
            commit(batch, end)
        sizer.record(size or end - start, time.perf_counter() - locked_at)
        if sizer.after is not None:
            sizer.after()
        start = end

"""One at a time, in whatever process: deriving, merging segments.

On SQLite a lock on a file under QUNCE_HOME, on PostgreSQL an advisory lock of the
session. Both go when their holder dies.
"""

from __future__ import annotations

import fcntl
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.conf import settings

from qunce.core import db

if TYPE_CHECKING:
    from io import BufferedWriter

DERIVER = "tail"
MERGE = "merge"


@contextmanager
def acquire(name: str, *, wait: bool = True) -> Iterator[bool]:
    """Holds the lock `name`; without `wait`, yields False where somebody has it.

    A lock is not taken twice by one thread: that would wait for itself.
    """
    take = _advisory_lock if db.is_postgresql() else _file_lock
    with take(name, wait) as mine:
        yield mine


@contextmanager
def _file_lock(name: str, wait: bool) -> Iterator[bool]:
    with (settings.HOME / f"{name}.lock").open("ab") as file:
        yield _flock(file, wait)


def _flock(file: BufferedWriter, wait: bool) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


@contextmanager
def _advisory_lock(name: str, wait: bool) -> Iterator[bool]:
    key = zlib.crc32(f"qunce {name}".encode())
    mine = True
    if wait:
        db.rows("SELECT pg_advisory_lock(%s)", [key])
    else:
        mine = bool(db.rows("SELECT pg_try_advisory_lock(%s)", [key])[0][0])
    try:
        yield mine
    finally:
        if mine:
            db.rows("SELECT pg_advisory_unlock(%s)", [key])

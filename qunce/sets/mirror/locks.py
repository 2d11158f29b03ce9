"""Locks between processes, such as for deriving and for merging files.

On SQLite a lock is a file under QUNCE_HOME, on PostgreSQL an advisory lock of the
session. Both are released when their holder dies.
"""

from __future__ import annotations

import fcntl
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from qunce.core import db

DERIVER = "deriver"
MERGE = "merge"


@contextmanager
def acquire(name: str, *, wait: bool = True) -> Iterator[bool]:
    """Hold the lock `name`; yields False if it is taken and `wait` is false.

    A thread must not acquire a lock that it holds: it would wait for itself.
    """
    if db.is_postgresql():
        # Advisory locks have numbers; a prefix keeps them apart from those of other
        # programs.
        key = zlib.crc32(f"qunce {name}".encode())
        acquired = True
        if wait:
            db.rows("SELECT pg_advisory_lock(%s)", [key])
        else:
            acquired = bool(db.rows("SELECT pg_try_advisory_lock(%s)", [key])[0][0])
        try:
            yield acquired
        finally:
            if acquired:
                db.rows("SELECT pg_advisory_unlock(%s)", [key])
        return
    with (settings.HOME / f"{name}.lock").open("ab") as file:
        try:
            # flock, as the lock goes with the open file: the kernel releases it even
            # after kill -9.
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            acquired = True
        except BlockingIOError:
            acquired = False
        yield acquired

"""A child process that reads the log and hands it over as an Arrow stream.

A second SQLite library in a process that has the truth open loses locks and with them
committed rows; a child may use a fast one. And it is a second core.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from typing import IO

PIPE_BYTES = 1_048_576
MAX_BATCHES_AHEAD = 12
"""Batches read ahead, of 65,536 facts each."""
Ahead = queue.Queue[pa.RecordBatch | Exception | None]


class LogNotRead(Exception):
    """The child process that reads the log has failed."""


def read(database: str, where: str, after: int, upto: int) -> Iterator[pa.RecordBatch]:
    """`where` is a file or libpq's connection words; it goes by the environment."""
    process = subprocess.Popen(  # noqa: S603 - our own words
        [
            sys.executable,
            "-m",
            "qunce.sets.reader_process",
            database,
            str(after),
            str(upto),
        ],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        env=os.environ | {"QUNCE_LOG": where},
    )
    assert process.stdout is not None  # noqa: S101 - asked for above
    _widen(process.stdout)
    ahead: Ahead = queue.Queue(MAX_BATCHES_AHEAD)
    threading.Thread(target=_fill, args=(process.stdout, ahead), daemon=True).start()
    try:
        while isinstance(batch := ahead.get(), pa.RecordBatch):
            yield batch
        if batch is not None or process.wait() != 0:
            raise LogNotRead(f"{batch or 'it'} ended with {process.wait()}")
    finally:
        process.kill()
        process.wait()
        while not ahead.empty():
            ahead.get()


def _fill(pipe: IO[bytes], ahead: Ahead) -> None:
    """Keeps the child busy while its parent sorts and writes."""
    try:
        with pipe, pa.ipc.open_stream(pipe) as stream:
            for batch in stream:
                ahead.put(batch)
    except (pa.ArrowInvalid, OSError) as error:
        ahead.put(error)
    else:
        ahead.put(None)


def _widen(pipe: IO[bytes]) -> None:
    """Fewer turns between the two processes, where the system allows it."""
    with contextlib.suppress(OSError, AttributeError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)

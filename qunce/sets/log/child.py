"""Reading the log in a child process, which sends it as an Arrow stream.

A second SQLite library in a process that has the primary database open breaks its locks
and so loses committed rows; a child may use a fast library. It also uses a second core.
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
BatchQueue = queue.Queue[pa.RecordBatch | Exception | None]


class LogNotRead(Exception):
    """The child process that reads the log has failed."""


def read(
    database: str, source: str, after: int, until: int
) -> Iterator[pa.RecordBatch]:
    """The facts in (after, until]; `source` is a file or a connection string of libpq.

    It is handed over in the environment, since other users can read a command line.
    """
    process = subprocess.Popen(  # noqa: S603 - no argument comes from outside
        [
            sys.executable,
            "-m",
            "qunce.sets.reader_process",
            database,
            str(after),
            str(until),
        ],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        env=os.environ | {"QUNCE_LOG": source},
    )
    assert process.stdout is not None  # noqa: S101 - requested above
    # A larger pipe means fewer switches between the processes, where it is allowed.
    with contextlib.suppress(OSError, AttributeError):
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    batches: BatchQueue = queue.Queue(MAX_BATCHES_AHEAD)
    threading.Thread(target=_fill, args=(process.stdout, batches), daemon=True).start()
    try:
        while isinstance(batch := batches.get(), pa.RecordBatch):
            yield batch
        # The stream may end early without an error of Arrow when the child was killed.
        if batch is not None or process.wait() != 0:
            raise LogNotRead(f"{batch or 'it'} ended with {process.wait()}")
    finally:
        # The consumer may stop early, and then the child would wait for a reader
        # forever.
        process.kill()
        process.wait()
        # The thread may be waiting to put a batch.
        while not batches.empty():
            batches.get()


def _fill(pipe: IO[bytes], batches: BatchQueue) -> None:
    """Keep reading from the child while its parent sorts and writes."""
    try:
        with pipe, pa.ipc.open_stream(pipe) as stream:
            for batch in stream:
                batches.put(batch)
    except (pa.ArrowInvalid, OSError) as error:
        batches.put(error)
    else:
        batches.put(None)

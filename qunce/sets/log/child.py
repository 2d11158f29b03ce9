"""A child process that reads the log and hands it over as an Arrow stream.

A second SQLite library in a process that has the truth open loses locks and with them
committed rows; a child may use a fast one. And it is a second core.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from typing import IO

PIPE = 1_048_576


class LogNotRead(Exception):
    """The child process that reads the log has failed."""


def read(database: str, where: str, after: int, upto: int) -> Iterator[pa.RecordBatch]:
    """`where` is a file or libpq's connection words; it goes by the environment."""
    process = subprocess.Popen(  # noqa: S603 - our own words
        [sys.executable, "-m", "qunce.sets.reader", database, str(after), str(upto)],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        env=os.environ | {"QUNCE_LOG": where},
    )
    assert process.stdout is not None  # noqa: S101 - asked for above
    try:
        _widen(process.stdout)
        with pa.ipc.open_stream(process.stdout) as stream:
            yield from stream
    except pa.ArrowInvalid as error:
        raise LogNotRead(str(error)) from error
    finally:
        process.stdout.close()
        process.terminate()
        failed = process.wait()
    if failed > 0:
        raise LogNotRead(f"the reader ended with {failed}")


def _widen(pipe: IO[bytes]) -> None:
    """Fewer turns between the two processes, where the system allows it."""
    with contextlib.suppress(OSError, AttributeError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE)

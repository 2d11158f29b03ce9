"""The threads that derive in a serving process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from bench.sizes import AT
from qunce.cli import worker_loop

START = time.monotonic()


def clock() -> datetime:
    """The made community's own: it is evening there when the process starts."""
    return AT + timedelta(seconds=time.monotonic() - START)


@contextmanager
def thread() -> Iterator[None]:
    """The beats of `qunce serve` at their pace, without the port and by that clock."""
    loops = worker_loop.start(clock)
    try:
        yield
    finally:
        worker_loop.stop(loops)

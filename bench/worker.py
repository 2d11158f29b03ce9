"""The background threads of a serving process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from bench.sizes import AT
from qunce.cli import worker_loop

START = time.monotonic()


def clock() -> datetime:
    """The clock of the generated community, which starts in the evening of its last day."""
    return AT + timedelta(seconds=time.monotonic() - START)


@contextmanager
def thread() -> Iterator[None]:
    """Run the worker loops of `qunce serve` with this clock, without a port."""
    loops = worker_loop.start(clock)
    try:
        yield
    finally:
        worker_loop.stop(loops)

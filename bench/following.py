"""The thread that derives in a serving process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from bench.sizes import AT
from qunce.cli import beating

START = time.monotonic()


def clock() -> datetime:
    """The made community's own: it is evening there when the process starts."""
    return AT + timedelta(seconds=time.monotonic() - START)


@contextmanager
def thread() -> Iterator[None]:
    """The beat of `qunce serve` at its pace, without the port and by that clock."""
    ending = threading.Event()

    def beat() -> None:
        while not ending.wait(beating.PAUSE):
            beating.once(clock=clock, ending=ending.is_set)

    worker = threading.Thread(target=beat, daemon=True)
    worker.start()
    try:
        yield
    finally:
        ending.set()
        worker.join(beating.LAST_BEAT)

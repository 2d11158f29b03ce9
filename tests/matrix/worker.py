"""A worker in a process of its own, on the databases of the test: the loops of `serve`."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator

from qunce.channels.accounts.receiving import Receiving
from qunce.core.jobs import job_queue
from qunce.outreach.sending import channel_events, channel_sending
from tests import subprocess_runner
from tests.matrix.site import now

PRIVATE = "QUNCE_ALLOW_PRIVATE_HOMESERVERS"
PAUSE = 0.1


def work() -> None:
    """Receive, handle and send until the process is killed."""
    job_queue.free_leases_of_dead_processes()
    receiving = Receiving(now, lambda at: channel_events.handle_all(at=at))
    while True:
        receiving.start_missing(lambda: False)
        channel_sending.send_now(at=now())
        channel_events.handle_all(at=now())
        time.sleep(PAUSE)


class Worker:
    """The process; `kill` ends it as `kill -9` does, and `start` begins another one."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self.process = subprocess_runner.start("tests.matrix.worker:work")

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            # Closes the pipes as well.
            self.process.communicate()


@contextlib.contextmanager
def running() -> Iterator[Worker]:
    worker = Worker()
    before = os.environ.get(PRIVATE)
    os.environ[PRIVATE] = "1"
    try:
        worker.start()
        yield worker
    finally:
        worker.kill()
        if before is None:
            del os.environ[PRIVATE]

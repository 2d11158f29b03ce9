"""The processes that answer requests and do the background work, together or apart.

gunicorn listens on the port and restarts a worker process that dies. There are two by
default, as one of Python computes one thing at a time; within each, threads answer
requests. In one of them, or in a process of their own, the loops of `worker_loop` run
twice a second, so that a fact is counted within a second.
"""

from __future__ import annotations

import fcntl
import gc
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import IO, Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections
from gunicorn.app.base import BaseApplication

from qunce.cli import http_worker, server_logs, static_files, worker_loop
from qunce.core import data_dir

TIMEOUT = 120
"""Seconds of silence after which gunicorn kills the worker process."""
MAX_REQUEST_LINE = 8190
"""Bytes: a rule may be part of an address. gunicorn's own limit is half of this."""
MAX_CONNECTIONS = 500
"""Fewer than the files that a process may open by default."""
GRACE = 20
"""Seconds that running requests have to end."""
SWITCH_INTERVAL = 0.0005
"""Seconds for which a thread may compute while others wait."""
LOOK_AGAIN = 1.0
"""Seconds until a process without loops looks whether the one with them has ended."""
METRICS_DIR = "PROMETHEUS_MULTIPROC_DIR"
"""Where the processes keep what they count, so that any of them can report the sums."""


class Site(BaseApplication):  # type: ignore[misc]
    def __init__(self, **options: Any) -> None:
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Callable[..., Any]:
        # `get_wsgi_application` would set Django up again, and undo our logging.
        return WSGIHandler()


class Loops:
    """The loops of worker processes, of which one runs them, and another when it has ended.

    The lock belongs to a process, and the kernel frees it when that process ends.
    """

    def __init__(self, lock: IO[bytes]) -> None:
        self.lock = lock
        self.running: list[worker_loop.LoopThread] = []
        self.stopping = threading.Event()
        self.waiting: threading.Thread | None = None

    def start(self) -> None:
        """Start the loops, or wait in a thread until no other process runs them."""
        if not self._try():
            # Not before the fork, which stops all threads, also those not started yet.
            self.waiting = threading.Thread(target=self._wait, name="loops")
            self.waiting.daemon = True
            self.waiting.start()

    def stop(self) -> None:
        self.stopping.set()
        if self.waiting is not None:
            self.waiting.join()
        worker_loop.stop(self.running)

    def _wait(self) -> None:
        while not self.stopping.wait(LOOK_AGAIN):
            if self._try():
                return

    def _try(self) -> bool:
        try:
            fcntl.lockf(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        self.running.extend(worker_loop.start())
        return True


def serve(
    *,
    host: str,
    port: int,
    threads: int,
    processes: int,
    log_format: str,
    with_worker: bool,
) -> None:
    """Serve until SIGTERM or SIGINT; running requests and loops may end."""
    server_logs.configure(log_format)
    with (
        data_dir.shared(),
        tempfile.TemporaryFile() as lock,
        _shared_metrics(processes),
    ):
        loops = Loops(lock)

        def start(_worker: object) -> None:
            _freeze()
            # A thread that comes back from the database waits less for one that computes,
            # and so holds its lock of the database for a shorter time.
            sys.setswitchinterval(SWITCH_INTERVAL)
            if with_worker:
                loops.start()

        def stop(_server: object, _worker: object) -> None:
            loops.stop()
            gc.unfreeze()  # else DuckDB reports what is frozen as leaks

        # Before the fork, so that it is done once and its memory is shared, and not with
        # the first request, so that an error shows at start. Nothing of it is garbage;
        # looking for some takes a quarter of the time.
        gc.disable()
        import_module(settings.ROOT_URLCONF)
        gc.enable()
        static_files.collect()
        # A connection must not be shared over the fork.
        connections.close_all()
        Site(
            bind=f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            workers=processes,
            worker_class=http_worker.Worker,
            threads=threads,
            worker_connections=MAX_CONNECTIONS,
            timeout=TIMEOUT,
            graceful_timeout=GRACE,
            limit_request_line=MAX_REQUEST_LINE,
            # Requests are logged by our middleware, with an id and without the query.
            loglevel="warning",
            logger_class=server_logs.Gunicorn,
            control_socket_disable=True,
            post_worker_init=start,
            worker_exit=stop,
        ).run()


@contextmanager
def _shared_metrics(processes: int) -> Iterator[None]:
    """Let several processes count together, in files that end with the server."""
    if processes == 1:
        yield
        return
    folder, owner = tempfile.mkdtemp(prefix="qunce-metrics-"), os.getpid()
    # Before the worker processes import Prometheus' client, which reads it then.
    os.environ[METRICS_DIR] = folder
    try:
        yield
    finally:
        # A worker process that ends comes here, too.
        if os.getpid() == owner:
            shutil.rmtree(folder, ignore_errors=True)


def run_worker(*, log_format: str) -> None:
    """Do the background work until SIGTERM or SIGINT."""
    stopped = threading.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, lambda *_: stopped.set())
    server_logs.configure(log_format)
    with data_dir.shared():
        _freeze()
        loops = worker_loop.start()
        stopped.wait()
        worker_loop.stop(loops)
        gc.unfreeze()  # else DuckDB reports what is frozen as leaks


def _freeze() -> None:
    """Keep the garbage collector from looking at all modules again and again.

    That took most of the time of a request that makes many objects, and a tenth of the
    time of a worker that advances many runs.
    """
    gc.collect()
    gc.freeze()

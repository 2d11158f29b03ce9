"""The processes that answer requests and do the background work, together or apart.

gunicorn listens on the port and restarts its worker process if it dies. Within it,
threads answer requests. Next to them, or in a process of their own, the loops of
`worker_loop` run twice a second, so that a fact is counted within a second.
"""

from __future__ import annotations

import gc
import signal
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any

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


class Site(BaseApplication):  # type: ignore[misc]
    def __init__(self, **options: Any) -> None:
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Callable[..., Any]:
        # `get_wsgi_application` would set Django up again, and undo our logging.
        site = WSGIHandler()
        # Imported now and not with the first request, so that an error shows at start.
        # Nothing of it is garbage; looking for some takes a quarter of the time.
        gc.disable()
        import_module(settings.ROOT_URLCONF)
        gc.enable()
        return site


def serve(
    *, host: str, port: int, threads: int, log_format: str, with_worker: bool
) -> None:
    """Serve until SIGTERM or SIGINT; running requests and loops may end."""
    loops: list[worker_loop.LoopThread] = []

    def start(_worker: object) -> None:
        _freeze()
        # A thread that comes back from the database waits less for one that computes,
        # and so holds its lock of the database for a shorter time.
        sys.setswitchinterval(SWITCH_INTERVAL)
        loops.extend(worker_loop.start() if with_worker else ())

    def stop(_server: object, _worker: object) -> None:
        worker_loop.stop(loops)
        gc.unfreeze()  # else DuckDB reports what is frozen as leaks

    server_logs.configure(log_format)
    with data_dir.shared():
        static_files.collect()
        # A connection must not be shared over the fork.
        connections.close_all()
        Site(
            bind=f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            workers=1,
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

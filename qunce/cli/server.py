"""The processes that answer requests and do the duties, together or apart.

gunicorn holds the port and starts the worker again should it die; within it threads
answer. Beside them, or in a process of their own, the beats come every half second: a
fact is counted within a second.
"""

from __future__ import annotations

import argparse
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
from django.utils.translation import gettext as _
from gunicorn.app.base import BaseApplication

from qunce.cli import data_dir, logs, static_files, worker_loop

TIMEOUT = 120
"""Seconds of silence after which gunicorn takes the worker for dead."""
LONGEST_LINE = 8190
"""A rule may stand in an address; gunicorn itself takes half of this."""
GRACE = 20
"""Seconds that requests get to end."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help=_("address to listen on"))
    parser.add_argument("--port", type=int, default=8000, help=_("port to listen on"))
    parser.add_argument("--threads", type=int, default=8, help=_("concurrent requests"))
    add_log(parser)


def add_log(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--log",
        choices=logs.FORMATS,
        default="plain" if sys.stderr.isatty() else "json",
        help=_("one JSON line per request, or only errors as readable text"),
    )


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
        # Before the first request, not with it; and a fault is seen at the start.
        import_module(settings.ROOT_URLCONF)
        return site


def serve(args: argparse.Namespace, *, work: bool) -> None:
    """Until SIGTERM or SIGINT; both let requests and the beats end."""
    beats: list[worker_loop.Beat] = []

    def begin(_worker: object) -> None:
        _keep_what_is_loaded()
        beats.extend(worker_loop.begin() if work else ())

    def end(_server: object, _worker: object) -> None:
        _end(beats)

    logs.begin(args.log)
    with data_dir.in_use():
        static_files.collect()
        # A connection must not be shared over the fork.
        connections.close_all()
        Site(
            bind=_bound(args.host, args.port),
            workers=1,
            worker_class="gthread",
            threads=args.threads,
            timeout=TIMEOUT,
            graceful_timeout=GRACE,
            limit_request_line=LONGEST_LINE,
            loglevel="warning",
            logger_class=logs.Gunicorn,
            control_socket_disable=True,
            post_worker_init=begin,
            worker_exit=end,
        ).run()


def _end(beats: list[worker_loop.Beat]) -> None:
    worker_loop.end(beats)
    gc.unfreeze()  # else DuckDB takes what is kept for leaks


def _keep_what_is_loaded() -> None:
    """Looking it over for garbage again and again took most of the time of a request
    that makes many objects."""
    gc.collect()
    gc.freeze()


def _bound(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def work(args: argparse.Namespace) -> None:
    """The beats alone, until SIGTERM or SIGINT."""
    told = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: told.set())
    logs.begin(args.log)
    with data_dir.in_use():
        beats = worker_loop.begin()
        told.wait()
        worker_loop.end(beats)

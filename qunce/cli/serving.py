"""One process that answers requests and, beside that, does the duties.

gunicorn holds the port and starts the worker again should it die; within the worker
threads answer and two more beat every half second: a fact is counted within a second.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.wsgi import get_wsgi_application
from django.db import connections
from gunicorn.app.base import BaseApplication

from qunce.cli import beating, home


class Site(BaseApplication):  # type: ignore[misc]
    def __init__(self, **options: Any) -> None:
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Callable[..., Any]:
        return get_wsgi_application()


def serve(*, host: str, port: int, threads: int) -> None:
    """Until SIGTERM or SIGINT; both let requests and the beats end."""
    beats: list[beating.Beat] = []

    def begin(_worker: object) -> None:
        beats.extend(beating.begin())

    def end(_server: object, _worker: object) -> None:
        beating.end(beats)

    with home.in_use():
        # A connection must not be shared over the fork.
        connections.close_all()
        Site(
            bind=f"{host}:{port}",
            workers=1,
            worker_class="gthread",
            threads=threads,
            timeout=120,
            graceful_timeout=10,
            loglevel="warning",
            control_socket_disable=True,
            post_worker_init=begin,
            worker_exit=end,
        ).run()

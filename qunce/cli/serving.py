"""One process that answers requests and, beside that, does the duties.

gunicorn holds the port and starts the worker again should it die; within the worker
threads answer and one more beats every half second: a fact is counted within a second.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, connections
from gunicorn.app.base import BaseApplication

from qunce import duties
from qunce.cli import home

PAUSE = 0.5
"""Seconds between two beats."""
LAST_BEAT = 20
"""Seconds that a beat gets to end; what it leaves undone, the next start does."""

log = logging.getLogger(__name__)


class Beat(threading.Thread):
    """Runs the duties until told to stop; an error is logged and the next beat comes."""

    def __init__(self, *, pause: float = PAUSE) -> None:
        super().__init__(name="beat", daemon=True)
        self.pause = pause
        self.ending = threading.Event()

    def run(self) -> None:
        while not self.ending.wait(self.pause):
            try:
                duties.run(clock=_now, ending=self.ending.is_set)
            except Exception:
                log.exception("A beat failed")
            close_old_connections()
        connections.close_all()

    def stop(self) -> None:
        self.ending.set()
        self.join(LAST_BEAT)


def _now() -> datetime:
    return datetime.now(UTC)


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
    """Until SIGTERM or SIGINT; both let requests and the beat end."""
    beats: list[Beat] = []

    def begin(_worker: object) -> None:
        beats.append(Beat())
        beats[0].start()

    def end(_server: object, _worker: object) -> None:
        for beat in beats:
            beat.stop()

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

"""`qunce serve`, `web` or `worker` in a process of its own, on a free port."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.cli.runner import command, environment

SECONDS_TO_START = 180


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Served:
    def __init__(self, home: Path, how: str = "serve", **env: str) -> None:
        self.home = home
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        words = [] if how == "worker" else ["--port", str(port)]
        # Not a pipe: nobody reads it meanwhile, and a full one would hold up the log.
        self.said = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        self.process = subprocess.Popen(
            command(how, *words),
            env=environment(home, **env),
            stdout=self.said,
            stderr=subprocess.STDOUT,
        )

    def ask(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(self.url + path, headers=headers, timeout=60)

    def get(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ask(path).json()
        return found

    def await_health(self, **wanted: Any) -> dict[str, Any]:
        """Until it beats, and says what is wanted of it."""
        return self._await({"last_run_at"}, wanted)

    def await_answer(self) -> dict[str, Any]:
        return self._await(set(), {})

    def _await(self, there: set[str], wanted: dict[str, Any]) -> dict[str, Any]:
        deadline = time.monotonic() + SECONDS_TO_START
        health: dict[str, Any] = {}
        while time.monotonic() < deadline and self.process.poll() is None:
            health = {}
            with contextlib.suppress(httpx.TransportError):
                health = self.get("/healthz")
            if (
                health
                and all(map(health.get, there))
                and wanted.items() <= health.items()
            ):
                return health
            time.sleep(0.1)
        raise AssertionError(health or self.end())

    def end(self, how: signal.Signals = signal.SIGTERM) -> str:
        """What it said from its start to its end."""
        self.process.send_signal(how)
        try:
            self.process.wait(timeout=SECONDS_TO_START)
        finally:
            self.process.kill()
            self.process.wait()
        with self.said:
            self.said.seek(0)
            return self.said.read()


@contextlib.contextmanager
def serving(home: Path, how: str = "serve", **env: str) -> Iterator[Served]:
    it = Served(home, how, **env)
    try:
        yield it
    finally:
        if it.process.poll() is None:
            it.end(signal.SIGKILL)
        it.said.close()

"""Runs `qunce serve`, `web` or `worker` in its own process, on a free port."""

from __future__ import annotations

import contextlib
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.cli import runner

SECONDS_TO_START = 180
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For requests of httpx by HTTP; it reads all certificates for each, in 20 ms of CPU."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ServerProcess:
    def __init__(self, home: Path, command: str = "serve", **env: str) -> None:
        self.home = home
        self.port = port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        options = [] if command == "worker" else ["--port", str(port)]
        # A full pipe that nobody reads would block the server, so this is a file.
        self.output = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        self.process = subprocess.Popen(
            runner.command(command, *options),
            env=runner.environment(home, **env),
            stdout=self.output,
            stderr=subprocess.STDOUT,
        )

    def request(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(
            self.url + path, headers=headers, timeout=60, verify=NO_CERTIFICATES
        )

    def connect(self) -> socket.socket:
        """Open a connection, to send what no client would send."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def get_json(self, path: str) -> dict[str, Any]:
        content: dict[str, Any] = self.request(path).json()
        return content

    def wait_for_health(self, **expected: Any) -> dict[str, Any]:
        """Wait until the worker runs and the health report has the expected values."""
        return self._wait({"last_run_at"}, expected)

    def wait_for_response(self) -> dict[str, Any]:
        """Wait until requests are answered, whether or not a worker runs."""
        return self._wait(set(), {})

    def _wait(self, present: set[str], expected: dict[str, Any]) -> dict[str, Any]:
        deadline = time.monotonic() + SECONDS_TO_START
        health: dict[str, Any] = {}
        while time.monotonic() < deadline and self.process.poll() is None:
            health = {}
            with contextlib.suppress(httpx.TransportError):
                health = self.get_json("/healthz")
            if (
                health
                and all(map(health.get, present))
                and expected.items() <= health.items()
            ):
                return health
            time.sleep(0.1)
        raise AssertionError(health or self.stop())

    def stop(self, number: signal.Signals = signal.SIGTERM) -> str:
        """Send a signal, wait for the end and return everything that was printed."""
        self.process.send_signal(number)
        try:
            self.process.wait(timeout=SECONDS_TO_START)
        finally:
            self.process.kill()
            self.process.wait()
        with self.output:
            self.output.seek(0)
            return self.output.read()


@contextlib.contextmanager
def serving(home: Path, command: str = "serve", **env: str) -> Iterator[ServerProcess]:
    server = ServerProcess(home, command, **env)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop(signal.SIGKILL)
        server.output.close()

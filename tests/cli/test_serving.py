from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.asked import command, environment, outside

SECONDS_TO_START = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Served:
    def __init__(self, home: Path) -> None:
        self.home = home
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self.process = subprocess.Popen(
            command("serve", "--port", str(port)),
            env=environment(home),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def get(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)
        return found

    def await_health(self, **wanted: Any) -> dict[str, Any]:
        deadline = time.monotonic() + SECONDS_TO_START
        health: dict[str, Any] = {}
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                health = self.get("/healthz")
            except urllib.error.URLError:
                health = {}
            if health.get("beaten_at") and wanted.items() <= health.items():
                return health
            time.sleep(0.1)
        raise AssertionError(health or self.end())

    def end(self, how: signal.Signals = signal.SIGTERM) -> str:
        self.process.send_signal(how)
        try:
            return self.process.communicate(timeout=60)[0]
        finally:
            self.process.kill()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    it = Served(tmp_path)
    try:
        yield it
    finally:
        if it.process.poll() is None:
            it.end(signal.SIGKILL)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_end(served: Served, how: signal.Signals) -> None:
    served.await_health(ok=True, lag=0)
    said = served.end(how)
    assert served.process.returncode == 0, said
    assert re.fullmatch(r"Serving on \S+ until Ctrl-C\.\n|\S+ \S+ .*\n", said), said
    with pytest.raises(urllib.error.URLError):
        served.get("/healthz")


def test_what_happened_is_counted_and_followed_while_it_serves(
    served: Served, tmp_path: Path
) -> None:
    served.await_health()
    path = tmp_path / "members.csv"
    path.write_text("key,name,joined_at\nann,Ann,2026-03-05 09:30\n")
    taken = outside(served.home, "import", str(path), "--as", "members", "--json")
    assert taken.code == 0, taken.complained
    served.await_health(lag=0)
    rule = '{"tag": {"any": ["joined:2026-03"]}}'
    deadline = time.monotonic() + 20
    found = outside(served.home, "audience", "count", rule, "--json")
    while found.code and time.monotonic() < deadline:
        found = outside(served.home, "audience", "count", rule, "--json")
    assert found.json["count"] == 1


def test_nobody_restores_into_a_home_that_is_served(served: Served) -> None:
    served.await_health()
    backup = served.home / "backup.zip"
    assert outside(served.home, "backup", str(backup)).code == 0
    said = outside(served.home, "restore", str(backup), "--force")
    assert said.code == 4
    served.await_health()

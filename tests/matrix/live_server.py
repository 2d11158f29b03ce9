"""`qunce serve` in a process of its own, on the databases of the test and the real clock.

    with live_server.running() as url:
        …

What it does is seen by members only; how long it took comes from the homeserver, which
writes the time of each event by its own clock.
"""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import httpx

from tests import subprocess_runner
from tests.matrix.members import Member
from tests.matrix.worker import PRIVATE
from tests.server_process import NO_CERTIFICATES, free_port

SECONDS = 600.0


def serve(port: int) -> None:
    from qunce.cli import main

    main.main(["serve", "--port", str(port), "--log", "plain"])


@contextlib.contextmanager
def running() -> Iterator[str]:
    """The address of the server, once its web and worker parts both run."""
    port = free_port()
    before = os.environ.get(PRIVATE)
    os.environ[PRIVATE] = "1"
    try:
        process = subprocess_runner.start("tests.matrix.live_server:serve", port)
        url = f"http://127.0.0.1:{port}"
        try:
            wait_until(
                lambda: process.poll() is not None or _is_working(url),
                "the server does not start",
            )
            assert process.poll() is None, "the server has ended"
            yield url
        finally:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                process.communicate(timeout=SECONDS)
            process.kill()
    finally:
        if before is None:
            del os.environ[PRIVATE]


def _is_working(url: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        health = httpx.get(f"{url}/healthz", verify=NO_CERTIFICATES).json()
        return bool(health.get("last_run_at"))
    return False


def wait_until(is_true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not is_true():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


# Moments, by the clock of the homeserver


def happened_at(event: Mapping[str, Any]) -> float:
    """Seconds."""
    return float(event["origin_server_ts"]) / 1000


def redacted_at(event: Mapping[str, Any]) -> float:
    """When a message was deleted; raises KeyError if it was not."""
    return happened_at(event["unsigned"]["redacted_because"])


def joined_at(events: Sequence[Mapping[str, Any]], member: Member) -> float:
    (join,) = [
        event
        for event in events
        if event["type"] == "m.room.member"
        and event["state_key"] == member.id
        and event["content"]["membership"] == "join"
    ]
    return happened_at(join)


def describe(seconds: Sequence[float], goal: float) -> str:
    """A line with the median and the worst of some times, beside the goal."""
    middle, worst = statistics.median(seconds), max(seconds)
    return (
        f"{len(seconds)} times, median {middle:.2f} s, worst {worst:.2f} s "
        f"(goal {goal:g} s)"
    )

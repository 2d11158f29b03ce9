"""A resolver that does not answer holds up no call for longer than its limit."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from qunce.channels.webhooks import http_client
from qunce.core.web import downloads, resolver
from qunce.core.web.resolver import MAX_THREADS, ResolverTimeout

MOMENT = 0.01


def count_threads() -> int:
    return sum(thread.name == "resolver" for thread in threading.enumerate())


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Until it is set, the resolver gives no answer."""
    event = threading.Event()

    def getaddrinfo(host: str, port: int, **_options: object) -> list[object]:
        event.wait()
        return [(0, 0, 0, "", ("8.8.8.8", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield event
    event.set()
    for thread in threading.enumerate():
        if thread.name == "resolver":
            thread.join()


def test_hanging_look_up_ends_in_time(answers: threading.Event) -> None:
    with pytest.raises(ResolverTimeout, match=r"no address of slow\.example"):
        resolver.look_up("slow.example", 443, seconds=MOMENT)
    answers.set()
    assert resolver.look_up("slow.example", 443, seconds=60) == ["8.8.8.8"]


def test_threads_that_hang_are_not_many(answers: threading.Event) -> None:
    for _number in range(MAX_THREADS):
        with pytest.raises(ResolverTimeout, match="no address"):
            resolver.look_up("slow.example", 443, seconds=0)
    with pytest.raises(ResolverTimeout, match="could begin"):
        resolver.look_up("slow.example", 443, seconds=MOMENT)
    assert count_threads() == MAX_THREADS
    answers.set()
    # A thread that ends makes room for the next one.
    assert resolver.look_up("quick.example", 443, seconds=60) == ["8.8.8.8"]


def test_webhooks_and_feeds_report_a_hanging_look_up(answers: threading.Event) -> None:
    url = "https://slow.example/hook"
    # Long enough that a busy machine begins the look-up before the call has to end.
    outcome = http_client.post(url, b"", {}, seconds=0.5)
    assert outcome.error.startswith("ResolverTimeout: no address of slow.example")
    found = downloads.get(url, headers={}, max_bytes=9, seconds=MOMENT)
    assert (found.status, found.error) == (0, "timeout")


def test_look_up_without_a_thread_leaves_room_for_others(
    answers: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers.set()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", _refuse_to_start)
        for _number in range(MAX_THREADS):
            with pytest.raises(RuntimeError, match="start new thread"):
                resolver.look_up("quick.example", 443, seconds=60)
    assert resolver.look_up("quick.example", 443, seconds=60) == ["8.8.8.8"]


def _refuse_to_start(_thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_unknown_name_is_an_error_of_the_name() -> None:
    with pytest.raises(socket.gaierror):
        resolver.look_up("nobody.invalid", 443, seconds=60)

from __future__ import annotations

import pytest

from qunce.cli import request_buffer
from qunce.cli.request_buffer import ArrivingRequest, Pace, State

HEAD = b"POST /x HTTP/1.1\r\nHost: a\r\n"


def states(*pieces: bytes) -> list[State]:
    request = ArrivingRequest(deadline=20)
    return [request.add(piece) for piece in pieces]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"], [State.COMPLETE]),
        ([b"GET / HT", b"TP/1.1\r\nHost: a\r\n\r", b"\n"], [State.WAITING] * 2),
        ([HEAD + b"Content-Length: 4\r\n\r\nab"], [State.WAITING]),
        ([HEAD + b"content-length:4\r\n\r\nab", b"cd"], [State.WAITING]),
        ([HEAD + b"Content-Length: 0\r\n\r\n"], [State.COMPLETE]),
        ([HEAD + b"Content-Length: 70000\r\n\r\n"], [State.LARGE]),
        ([HEAD + b"Transfer-Encoding: chunked\r\n\r\n"], [State.LARGE]),
        ([HEAD + b"Content-Length: 4\r\nExpect: 100-continue\r\n\r\n"], [State.LARGE]),
        ([b"x" * request_buffer.MAX_HEADER_BYTES, b"x"], [State.WAITING]),
    ],
)
def test_request_waits_for_its_headers_and_a_small_body(
    pieces: list[bytes], expected: list[State]
) -> None:
    assert states(*pieces)[: len(expected)] == expected


def test_request_is_complete_with_its_last_byte() -> None:
    assert states(*[b"GET / HTTP/1.1\r\n\r", b"\n"])[-1] is State.COMPLETE
    assert states(HEAD + b"Content-Length: 2\r\n\r\na", b"b")[-1] is State.COMPLETE


def test_endless_headers_are_refused() -> None:
    request = ArrivingRequest(deadline=20)
    sent = [request.add(b"x" * 10_000) for _ in range(14)]
    assert sent[-1] is State.REFUSED
    assert sent[0] is State.WAITING


def test_request_is_late_after_its_deadline_however_often_something_comes() -> None:
    request = ArrivingRequest(deadline=20)
    for _ in range(30):
        request.add(b"x")
    assert not request.is_late(19.9)
    assert request.is_late(20)


def test_large_body_may_take_long_but_not_stall() -> None:
    pace = Pace(started_at=100)
    assert pace.seconds_left(100) == request_buffer.MAX_SILENT_SECONDS
    assert pace.seconds_left(155) == 5
    assert pace.seconds_left(160) <= 0
    pace.received = 1024 * 1024
    assert pace.seconds_left(160) == request_buffer.MAX_SILENT_SECONDS
    assert pace.seconds_left(100 + 60 + 1024) <= 0

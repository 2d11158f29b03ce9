"""Requests that are still arriving: what has come of one, and until when the rest may.

Pure: the worker that reads the sockets asks, and passes the time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum

SECONDS_TO_ARRIVE = 20.0
"""For the headers and a small body, from the connection or the first byte on."""
SECONDS_WITHOUT_ROOM = 1.0
"""The same, when there are as many connections as the worker takes."""
MAX_HEADER_BYTES = 128 * 1024
MAX_BUFFERED_BODY_BYTES = 64 * 1024
"""Larger bodies are read by a thread of their own, as they arrive."""
SECONDS_BEFORE_PACE, MIN_BYTES_PER_SECOND, MAX_SILENT_SECONDS = 60.0, 1024, 20.0
"""A large body may arrive as slowly as this after its first minute."""

END_OF_HEADERS = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
OF_UNKNOWN_LENGTH = re.compile(rb"\r\n(?:transfer-encoding|expect):", re.IGNORECASE)


class State(Enum):
    WAITING = "waiting"
    COMPLETE = "complete"
    LARGE = "large"
    """The headers are complete, and the body is not or has no known length."""
    REFUSED = "refused"
    """The headers are longer than any that we accept."""


@dataclass
class ArrivingRequest:
    """The bytes of one request that were read, perhaps with some of the next one."""

    deadline: float
    data: bytearray = field(default_factory=bytearray)
    size: int | None = None
    """Of headers and body, once the headers are there."""
    is_large: bool = False

    def is_slow(self, now: float) -> bool:
        """Whether it has to make room for others, when there is none."""
        return now >= self.deadline - SECONDS_TO_ARRIVE + SECONDS_WITHOUT_ROOM

    def add(self, data: bytes) -> State:
        start = max(len(self.data) - len(END_OF_HEADERS), 0)
        self.data += data
        if self.size is None and not self.is_large:
            end = self.data.find(END_OF_HEADERS, start)
            if end < 0:
                too_long = len(self.data) > MAX_HEADER_BYTES
                return State.REFUSED if too_long else State.WAITING
            self._read_headers(end + len(END_OF_HEADERS))
        if self.is_large:
            return State.LARGE
        return State.COMPLETE if len(self.data) >= (self.size or 0) else State.WAITING

    def _read_headers(self, end: int) -> None:
        headers = bytes(self.data[: end - 2])
        length = LENGTH.search(headers)
        body = int(length[1]) if length else 0
        # A client that sends `Expect` waits for an answer before it sends the body.
        if body > MAX_BUFFERED_BODY_BYTES or OF_UNKNOWN_LENGTH.search(headers):
            self.is_large = True
        else:
            self.size = end + body

    def is_late(self, now: float) -> bool:
        return now >= self.deadline


@dataclass
class Pace:
    """How long the next bytes of a large body may take."""

    started_at: float
    received: int = 0

    def seconds_left(self, now: float) -> float:
        """Return the seconds to wait for the next bytes; 0 or less if it is too slow."""
        allowed = SECONDS_BEFORE_PACE + self.received / MIN_BYTES_PER_SECOND
        return min(MAX_SILENT_SECONDS, self.started_at + allowed - now)

"""Requests to checked addresses that end in time. They use no database."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpcore

from qunce.core.web.addresses import InvalidUrl, Target

MAX_CONNECT_SECONDS = 5.0
BYTES_PER_WRITE = 4_096
# Reading the certificate authorities takes longer than a call.
_tls_context = cache(ssl.create_default_context)


class CallTimeout(httpcore.TimeoutException):
    """The call did not end in time."""


ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    InvalidUrl,
    OSError,
)
"""What a request may raise. OSError comes from the TLS context; all else is a bug."""


class Deadline:
    def __init__(self, seconds: float) -> None:
        self.seconds, self.end = seconds, time.monotonic() + seconds

    def seconds_left(self, most: float | None = None) -> float:
        left = self.end - time.monotonic()
        if left <= 0:
            raise self.timeout()
        return left if most is None else min(left, most)

    def timeout(self) -> CallTimeout:
        return CallTimeout(f"no complete response within {self.seconds:g} s")


class Stream(httpcore.NetworkStream):
    """A connection whose every step may take what is left of the whole call.

    The time limits of the library are per step: a receiver that sends a byte every few
    seconds would keep a call going for ever.
    """

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return self._stream.read(max_bytes, self._deadline.seconds_left())
        except httpcore.ReadTimeout:
            raise self._deadline.timeout() from None

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # In pieces, as a receiver may also read slowly.
        for start in range(0, len(buffer), BYTES_PER_WRITE):
            piece = buffer[start : start + BYTES_PER_WRITE]
            try:
                self._stream.write(piece, self._deadline.seconds_left())
            except httpcore.WriteTimeout:
                raise self._deadline.timeout() from None

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._deadline.seconds_left(MAX_CONNECT_SECONDS)
        inner = self._stream.start_tls(ssl_context, server_hostname, left)
        return Stream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class Backend(httpcore.NetworkBackend):
    """Opens connections that keep a deadline."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        left = self._deadline.seconds_left(MAX_CONNECT_SECONDS)
        stream = httpcore.SyncBackend().connect_tcp(
            host, port, left, local_address, socket_options
        )
        return Stream(stream, self._deadline)


@contextmanager
def send(
    method: str,
    url: str,
    target: Target,
    *,
    headers: Mapping[str, str],
    body: bytes | None = None,
    deadline: Deadline,
) -> Iterator[httpcore.Response]:
    """Send one request to the checked address. Yields the response, whose body is unread.

    It follows no redirects and uses no proxy: both lead to addresses that nobody checked.
    """
    parts = urlsplit(url)
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    pinned = httpcore.URL(
        scheme=target.scheme, host=target.address, port=target.port, target=path
    )
    # TLS still verifies the host.
    extensions = {"sni_hostname": target.host} if target.scheme == "https" else {}
    length = [("Content-Length", str(len(body)))] if body is not None else []
    with (
        httpcore.ConnectionPool(
            ssl_context=_tls_context(), network_backend=Backend(deadline)
        ) as pool,
        pool.stream(
            method,
            pinned,
            content=body,
            headers=[*headers.items(), ("Host", parts.netloc), *length],
            extensions=extensions,
        ) as response,
    ):
        yield response

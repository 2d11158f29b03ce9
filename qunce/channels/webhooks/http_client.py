"""Posts one webhook request. It uses no database, so that any thread may call it."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpcore

from qunce.channels.webhooks import url_policy
from qunce.channels.webhooks.outcomes import MAX_EXCERPT_LENGTH, CallOutcome
from qunce.channels.webhooks.url_policy import InvalidUrl, Target

MAX_SECONDS = 15.0
"""For the whole call, however the receiver spreads its answer over that time."""
MAX_CONNECT_SECONDS = 5.0
MAX_RESPONSE_BYTES = 4_096
BYTES_PER_WRITE = 4_096
# Reading the certificate authorities takes longer than a call.
_tls_context = cache(ssl.create_default_context)


class CallTimeout(httpcore.TimeoutException):
    """The call did not end in time."""


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


def post(
    url: str, body: bytes, headers: dict[str, str], *, seconds: float = MAX_SECONDS
) -> CallOutcome:
    # Includes the look-up of the host, which is part of what staff see as slow.
    start, deadline = time.monotonic(), Deadline(seconds)
    status, excerpt, error = 0, "", ""
    try:
        target = url_policy.resolve(url)
        status, excerpt = _post(url, target, body, headers, deadline)
    # OSError comes from the TLS context; everything else is a bug and must be raised.
    except (
        httpcore.TimeoutException,
        httpcore.NetworkError,
        httpcore.ProtocolError,
        InvalidUrl,
        OSError,
    ) as exception:
        error = f"{type(exception).__name__}: {exception}"[:MAX_EXCERPT_LENGTH]
    duration_ms = int((time.monotonic() - start) * 1000)
    return CallOutcome(status, excerpt, error, duration_ms)


def _post(
    url: str, target: Target, body: bytes, headers: dict[str, str], deadline: Deadline
) -> tuple[int, str]:
    parts = urlsplit(url)
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    # The request goes to the checked address. TLS still verifies the host.
    pinned = httpcore.URL(
        scheme=target.scheme, host=target.address, port=target.port, target=path
    )
    extensions = {"sni_hostname": target.host} if target.scheme == "https" else {}
    # Neither proxies nor redirects: both would lead to addresses that nobody checked.
    with (
        httpcore.ConnectionPool(
            ssl_context=_tls_context(), network_backend=Backend(deadline)
        ) as pool,
        pool.stream(
            "POST",
            pinned,
            content=body,
            headers=[
                *headers.items(),
                ("Host", parts.netloc),
                ("Content-Length", str(len(body))),
            ],
            extensions=extensions,
        ) as response,
    ):
        content = b""
        # Raw, since a compressed response could unpack to any size.
        for chunk in response.iter_stream():
            content += chunk
            if len(content) >= MAX_RESPONSE_BYTES:
                break
        text = content[:MAX_RESPONSE_BYTES].decode("utf-8", "replace")
        printable = "".join(char if char.isprintable() else " " for char in text)
        return response.status, printable[:MAX_EXCERPT_LENGTH].strip()

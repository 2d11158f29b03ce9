"""Posts one webhook request. It uses no database, so that any thread may call it."""

from __future__ import annotations

import time

from qunce.channels.webhooks import url_policy
from qunce.channels.webhooks.outcomes import MAX_EXCERPT_LENGTH, CallOutcome
from qunce.core.web import connections
from qunce.core.web.connections import Deadline

MAX_SECONDS = 15.0
"""For the whole call, however the receiver spreads its answer over that time."""
MAX_RESPONSE_BYTES = 4_096


def post(
    url: str, body: bytes, headers: dict[str, str], *, seconds: float = MAX_SECONDS
) -> CallOutcome:
    # Includes the look-up of the host, which is part of what staff see as slow.
    start, deadline = time.monotonic(), Deadline(seconds)
    status, excerpt, error = 0, "", ""
    try:
        status, excerpt = _post(url, body, headers, deadline)
    except connections.ERRORS as exception:
        error = f"{type(exception).__name__}: {exception}"[:MAX_EXCERPT_LENGTH]
    duration_ms = int((time.monotonic() - start) * 1000)
    return CallOutcome(status, excerpt, error, duration_ms)


def _post(
    url: str, body: bytes, headers: dict[str, str], deadline: Deadline
) -> tuple[int, str]:
    target = url_policy.resolve(url, seconds=deadline.seconds_left())
    with connections.send(
        "POST", url, target, headers=headers, body=body, deadline=deadline
    ) as response:
        content = b""
        # Raw, since a compressed response could unpack to any size.
        for chunk in response.iter_stream():
            content += chunk
            if len(content) >= MAX_RESPONSE_BYTES:
                break
        text = content[:MAX_RESPONSE_BYTES].decode("utf-8", "replace")
        printable = "".join(char if char.isprintable() else " " for char in text)
        return response.status, printable[:MAX_EXCERPT_LENGTH].strip()

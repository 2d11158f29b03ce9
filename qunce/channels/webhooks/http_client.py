"""Posts one webhook request. It uses no database, so that any thread may call it."""

from __future__ import annotations

import ssl
import time
from functools import cache
from urllib.parse import urlsplit, urlunsplit

import httpx

from qunce.channels.webhooks import url_policy
from qunce.channels.webhooks.outcomes import MAX_EXCERPT_LENGTH, CallOutcome
from qunce.channels.webhooks.url_policy import InvalidUrl, Target

TIMEOUT = httpx.Timeout(10, connect=5)
MAX_RESPONSE_BYTES = 4_096
# Reading the certificate authorities takes longer than a call.
_tls_context = cache(ssl.create_default_context)


def post(url: str, body: bytes, headers: dict[str, str]) -> CallOutcome:
    # Includes the look-up of the host, which is part of what staff see as slow.
    start = time.monotonic()
    status, excerpt, error = 0, "", ""
    try:
        status, excerpt = _post(url, url_policy.resolve(url), body, headers)
    # OSError comes from the TLS context; everything else is a bug and must be raised.
    except (httpx.HTTPError, httpx.InvalidURL, InvalidUrl, OSError) as exception:
        error = f"{type(exception).__name__}: {exception}"[:MAX_EXCERPT_LENGTH]
    duration_ms = int((time.monotonic() - start) * 1000)
    return CallOutcome(status, excerpt, error, duration_ms)


def _post(
    url: str, target: Target, body: bytes, headers: dict[str, str]
) -> tuple[int, str]:
    # The request goes to the checked address. TLS still verifies the host.
    parts = urlsplit(url)
    literal = f"[{target.address}]" if ":" in target.address else target.address
    pinned = urlunsplit((*parts[:1], f"{literal}:{target.port}", *parts[2:4], ""))
    extensions = {"sni_hostname": target.host} if target.scheme == "https" else {}
    # Neither proxies nor redirects: both would lead to addresses that nobody checked.
    with (
        httpx.Client(verify=_tls_context(), trust_env=False, timeout=TIMEOUT) as client,
        client.stream(
            "POST",
            pinned,
            content=body,
            headers={**headers, "Host": parts.netloc},
            extensions=extensions,
        ) as response,
    ):
        content = b""
        # Raw, since a compressed response could unpack to any size.
        for chunk in response.iter_raw():
            content += chunk
            if len(content) >= MAX_RESPONSE_BYTES:
                break
        text = content[:MAX_RESPONSE_BYTES].decode("utf-8", "replace")
        printable = "".join(char if char.isprintable() else " " for char in text)
        return response.status_code, printable[:MAX_EXCERPT_LENGTH].strip()

"""One call of a webhook. It touches no database, so any thread may make it."""

from __future__ import annotations

import ssl
import time
from functools import cache
from urllib.parse import urlsplit, urlunsplit

import httpx

from qunce.channels.webhooks import outcomes, url_policy
from qunce.channels.webhooks.outcomes import Outcome
from qunce.channels.webhooks.url_policy import InvalidAddress, Target

TIMEOUT = httpx.Timeout(10, connect=5)
MOST_READ = 4_096


def call(url: str, body: bytes, headers: dict[str, str]) -> Outcome:
    start = time.monotonic()
    try:
        status, said = _post(url, url_policy.find(url), body, headers)
        error = ""
    except (httpx.HTTPError, httpx.InvalidURL, InvalidAddress, OSError) as problem:
        status, said, error = (
            0,
            "",
            f"{type(problem).__name__}: {problem}"[: outcomes.SAID],
        )
    return Outcome(status, said, error, int((time.monotonic() - start) * 1000))


@cache
def _tls() -> ssl.SSLContext:
    """Reading the authorities takes longer than a call."""
    return ssl.create_default_context()


def _post(
    url: str, target: Target, body: bytes, headers: dict[str, str]
) -> tuple[int, str]:
    """No proxy, no redirect: either would lead somewhere that nobody judged."""
    where, extensions = _pinned(url, target)
    with (
        httpx.Client(verify=_tls(), trust_env=False, timeout=TIMEOUT) as client,
        client.stream(
            "POST",
            where,
            content=body,
            headers={**headers, "Host": urlsplit(url).netloc},
            extensions=extensions,
        ) as answer,
    ):
        return answer.status_code, _read(answer)


def _pinned(url: str, target: Target) -> tuple[str, dict[str, str]]:
    """The judged address in place of the name; TLS still asks for the name."""
    parts = urlsplit(url)
    literal = f"[{target.address}]" if ":" in target.address else target.address
    where = urlunsplit((*parts[:1], f"{literal}:{target.port}", *parts[2:4], ""))
    return where, {"sni_hostname": target.host} if target.scheme == "https" else {}


def _read(answer: httpx.Response) -> str:
    """The beginning of what was answered, made fit to be kept."""
    found = b""
    for piece in answer.iter_raw():
        found += piece
        if len(found) >= MOST_READ:
            break
    text = found[:MOST_READ].decode("utf-8", "replace")
    return "".join(c if c.isprintable() else " " for c in text)[: outcomes.SAID].strip()

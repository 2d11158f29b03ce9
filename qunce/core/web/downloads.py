"""Downloads a document from the public internet, within limits of size and time.

Every redirect is a new address: it is checked and resolved like the first one. Nothing
here uses the database, so that any thread may call it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import quote, urldefrag, urljoin, urlsplit, urlunsplit

import httpcore

from qunce.core.web import addresses, connections
from qunce.core.web.addresses import PrivateAddress, UnknownHost
from qunce.core.web.connections import Deadline
from qunce.core.web.resolver import ResolverTimeout

MAX_SECONDS = 15.0
"""For all of it: redirects, and a server that sends slowly."""
MAX_REDIRECTS = 5
SAFE = "/%:@!$&'()*+,;=~-._?"
REDIRECTS = (301, 302, 303, 307, 308)
INVALID, PRIVATE, UNKNOWN_HOST = "invalid_address", "private_address", "unknown_host"
TIMEOUT, UNREACHABLE = "timeout", "unreachable"
TOO_LARGE, TOO_MANY_REDIRECTS, COMPRESSED = "too_large", "redirects", "compressed"


@dataclass(frozen=True)
class Download:
    """`error` is empty or one of the codes above; `status` is 0 without a response.

    `url` is the address of the document after redirects.
    """

    url: str
    status: int = 0
    error: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def is_unchanged(self) -> bool:
        return self.status == HTTPStatus.NOT_MODIFIED


def get(
    url: str,
    *,
    headers: Mapping[str, str],
    max_bytes: int,
    is_cut: bool = False,
    seconds: float = MAX_SECONDS,
) -> Download:
    """Download a document. One of more than `max_bytes` is refused, or `is_cut`."""
    deadline, url = Deadline(seconds), to_ascii(url)
    for _redirect in range(MAX_REDIRECTS + 1):
        try:
            found = _get(url, headers, max_bytes, is_cut, deadline)
        except UnknownHost:
            return Download(url, error=UNKNOWN_HOST)
        except PrivateAddress:
            return Download(url, error=PRIVATE)
        except (ResolverTimeout, httpcore.TimeoutException):
            return Download(url, error=TIMEOUT)
        except connections.ERRORS:
            return Download(url, error=UNREACHABLE)
        if found.status not in REDIRECTS or "location" not in found.headers:
            return found
        url = _join(url, found.headers["location"])
    return Download(url, error=TOO_MANY_REDIRECTS)


def to_ascii(url: str) -> str:
    """Encode letters of other scripts in an address as browsers do; "" if it is none."""
    if url.isascii():
        return url
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode()
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    path, query = (quote(text, safe=SAFE) for text in (parts.path, parts.query))
    return urlunsplit((parts.scheme, f"{host}{port}", path, query, ""))


def _join(base: str, location: str) -> str:
    try:
        # Headers are Latin-1 by the book; servers that break it send UTF-8.
        text = location.encode("latin-1").decode("utf-8", "replace")
        return to_ascii(urldefrag(urljoin(base, text)).url)
    except ValueError:
        return ""


def _get(
    url: str,
    headers: Mapping[str, str],
    max_bytes: int,
    is_cut: bool,
    deadline: Deadline,
) -> Download:
    # What follows "#" is not sent.
    parts = addresses.parse(url)
    if parts is None:
        return Download(url, error=INVALID)
    target = addresses.resolve(*parts, seconds=deadline.seconds_left())
    # Compressed, a small answer could unpack to any size.
    sent = {"Accept-Encoding": "identity", **headers}
    with connections.send(
        "GET", url, target, headers=sent, deadline=deadline
    ) as response:
        received = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in response.headers
        }
        result = Download(url, response.status, headers=received)
        if response.status != HTTPStatus.OK:
            return result
        if received.get("content-encoding", "identity").lower() != "identity":
            return Download(url, response.status, COMPRESSED)
        body = bytearray()
        for chunk in response.iter_stream():
            body += chunk
            if len(body) > max_bytes:
                if is_cut:
                    break
                return Download(url, response.status, TOO_LARGE)
        return Download(
            url, response.status, headers=received, body=bytes(body[:max_bytes])
        )

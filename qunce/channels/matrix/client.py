"""Calls of the client-server API of Matrix (v1.11), over httpx. It uses no database.

Nothing here waits for a limit of the server: a call that is refused with 429 raises
`LimitExceeded` with the time to wait, and the caller decides.
"""

from __future__ import annotations

import functools
import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from qunce.channels.matrix import homeservers
from qunce.core.web.addresses import InvalidUrl
from qunce.core.web.resolver import ResolverTimeout

CONNECT_SECONDS, CALL_SECONDS, JOIN_SECONDS = 5.0, 20.0, 60.0
MAX_RESPONSE_BYTES = 64 * 1024 * 1024
"""A first sync of large rooms has some megabytes."""
CHUNK_BYTES = 64 * 1024
DEFAULT_WAIT = timedelta(seconds=5)
MAX_WAIT = timedelta(minutes=15)
V3, V1 = "/_matrix/client/v3", "/_matrix/client/v1"


class HomeserverDown(Exception):
    """The homeserver could not be reached, so that nothing was done."""


class ReplyLost(Exception):
    """The request was sent and no valid reply came: it may have been done or not."""


class MatrixError(Exception):
    """The homeserver refused a call, with a code such as M_FORBIDDEN."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(f"{status} {code}: {text}")
        self.status, self.code, self.text = status, code, text


class LimitExceeded(MatrixError):
    """The homeserver asks for fewer calls (429)."""

    def __init__(self, status: int, code: str, text: str, wait: timedelta) -> None:
        super().__init__(status, code, text)
        self.wait = wait


@dataclass
class MatrixClient:
    """The calls of one account. Use it as a context: it keeps its connection open."""

    url: str
    token: str = field(repr=False)
    _http: httpx.Client | None = field(default=None, repr=False)
    _extensions: dict[str, Any] = field(default_factory=dict, repr=False)

    def __enter__(self) -> MatrixClient:
        return self

    def __exit__(self, *_: object) -> None:
        if self._http is not None:
            self._http.close()
            self._http = None

    # Requests

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | bytes | None = None,
        query: Mapping[str, str] | None = None,
        media_type: str = "application/json",
        seconds: float = CALL_SECONDS,
    ) -> dict[str, Any]:
        """The JSON of the reply. Raises HomeserverDown, ReplyLost or MatrixError."""
        content = json.dumps(body).encode() if isinstance(body, Mapping) else body
        try:
            http = self._connected()
            with http.stream(
                method,
                path,
                content=content,
                params=query,
                headers={"Content-Type": media_type} if content is not None else {},
                extensions=self._extensions,
                timeout=httpx.Timeout(seconds, connect=CONNECT_SECONDS),
            ) as response:
                status, headers = response.status_code, response.headers
                text = _read(response)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise HomeserverDown(str(error)) from None
        except httpx.HTTPError as error:
            raise ReplyLost(f"{type(error).__name__}: {error}") from None
        return _parse(status, headers, text)

    def _connected(self) -> httpx.Client:
        if self._http is None:
            try:
                target = homeservers.resolve(self.url, seconds=CONNECT_SECONDS)
            except (InvalidUrl, ResolverTimeout) as error:
                raise HomeserverDown(str(error)) from None
            parts = urlsplit(self.url)
            # The request goes to the address that was checked; TLS verifies the host.
            host = f"[{target.address}]" if ":" in target.address else target.address
            tls = target.scheme == "https"
            self._extensions = {"sni_hostname": target.host} if tls else {}
            self._http = httpx.Client(
                base_url=f"{target.scheme}://{host}:{target.port}{parts.path}",
                headers={
                    "Host": parts.netloc,
                    "Authorization": f"Bearer {self.token}",
                    "User-Agent": "Qunce",
                },
                # Both lead to addresses that nobody has checked.
                follow_redirects=False,
                trust_env=False,
                verify=_certificates(),
            )
        return self._http

    # The account

    def whoami(self) -> dict[str, Any]:
        return self.call("GET", f"{V3}/account/whoami")

    def joined_rooms(self) -> list[str]:
        return [
            str(room) for room in self.call("GET", f"{V3}/joined_rooms")["joined_rooms"]
        ]

    def sync(
        self, *, since: str, wait: timedelta, filter_: Mapping[str, Any]
    ) -> dict[str, Any]:
        query = {
            "timeout": str(int(wait.total_seconds() * 1000)),
            "filter": json.dumps(filter_),
            "set_presence": "offline",
        }
        if since:
            query["since"] = since
        seconds = wait.total_seconds() + CALL_SECONDS
        return self.call("GET", f"{V3}/sync", query=query, seconds=seconds)

    def account_data(self, user: str, kind: str) -> dict[str, Any]:
        """Account data such as `m.direct`, empty if there is none."""
        try:
            return self.call("GET", f"{V3}/user/{_part(user)}/account_data/{kind}")
        except MatrixError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return {}
            raise

    def set_account_data(self, user: str, kind: str, body: Mapping[str, Any]) -> None:
        self.call("PUT", f"{V3}/user/{_part(user)}/account_data/{kind}", body=body)

    # Rooms

    def create_room(self, body: Mapping[str, Any]) -> str:
        return str(self.call("POST", f"{V3}/createRoom", body=body)["room_id"])

    def room_of_alias(self, alias: str) -> str:
        return str(self.call("GET", f"{V3}/directory/room/{_part(alias)}")["room_id"])

    def join(self, room: str) -> None:
        # Of another server, the room's state comes from there first.
        path = f"{V3}/rooms/{_part(room)}/join"
        self.call("POST", path, body={}, seconds=JOIN_SECONDS)

    def leave(self, room: str) -> None:
        self.call("POST", f"{V3}/rooms/{_part(room)}/leave", body={})

    def messages(
        self, room: str, *, start: str, until: str, limit: int
    ) -> dict[str, Any]:
        """Events before `start`, the newest first, not further back than `until`."""
        query = {"from": start, "dir": "b", "limit": str(limit)}
        if until:
            query["to"] = until
        return self.call("GET", f"{V3}/rooms/{_part(room)}/messages", query=query)

    def event(self, room: str, event: str) -> dict[str, Any]:
        return self.call("GET", f"{V3}/rooms/{_part(room)}/event/{_part(event)}")

    def edits(self, room: str, event: str, *, start: str = "") -> dict[str, Any]:
        """A page of the edits of a message."""
        path = f"{V1}/rooms/{_part(room)}/relations/{_part(event)}/m.replace"
        query = {"limit": "100"} | ({"from": start} if start else {})
        return self.call("GET", path, query=query)

    def create_event(self, room: str) -> dict[str, Any]:
        """The event that created a room, with its sender, who may have all power."""
        path = f"{V3}/rooms/{_part(room)}/state/m.room.create/"
        raw = self.call("GET", path, query={"format": "event"})
        # Servers that do not know the format return the content alone.
        return raw if "content" in raw else {"content": raw}

    def state_event(self, room: str, kind: str, key: str = "") -> dict[str, Any]:
        """The content of a state event, empty if there is none."""
        path = f"{V3}/rooms/{_part(room)}/state/{kind}/{_part(key)}"
        try:
            return self.call("GET", path)
        except MatrixError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return {}
            raise

    def joined_members(self, room: str) -> set[str]:
        """Everybody who is in a room now."""
        reply = self.call("GET", f"{V3}/rooms/{_part(room)}/joined_members")
        joined = reply.get("joined")
        return set(joined) if isinstance(joined, Mapping) else set()

    def member_event(self, room: str, user: str) -> dict[str, Any] | None:
        """The event by which somebody is or was in a room, None if there is none."""
        path = f"{V3}/rooms/{_part(room)}/state/m.room.member/{_part(user)}"
        try:
            raw = self.call("GET", path, query={"format": "event"})
        except MatrixError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise
        # Servers that do not know the format return the content alone.
        return raw if "content" in raw else {"content": raw}

    def set_state(self, room: str, kind: str, body: Mapping[str, Any]) -> None:
        self.call("PUT", f"{V3}/rooms/{_part(room)}/state/{kind}/", body=body)

    def membership_action(
        self, room: str, action: str, user: str, reason: str = ""
    ) -> None:
        """`action` is kick, ban, unban or invite."""
        body = {"user_id": user} | ({"reason": reason} if reason else {})
        self.call("POST", f"{V3}/rooms/{_part(room)}/{action}", body=body)

    # Messages

    def send(self, room: str, key: str, body: Mapping[str, Any]) -> str:
        """Send a message; the same key arrives once for each token."""
        path = f"{V3}/rooms/{_part(room)}/send/m.room.message/{_part(key)}"
        return str(self.call("PUT", path, body=body)["event_id"])

    def redact(self, room: str, event: str, key: str, reason: str = "") -> None:
        path = f"{V3}/rooms/{_part(room)}/redact/{_part(event)}/{_part(key)}"
        self.call("PUT", path, body={"reason": reason} if reason else {})

    def upload(self, content: bytes, *, name: str, media_type: str) -> str:
        reply = self.call(
            "POST",
            "/_matrix/media/v3/upload",
            body=content,
            query={"filename": name} if name else None,
            media_type=media_type,
            seconds=120,
        )
        return str(reply["content_uri"])

    def download(self, url: str, *, max_bytes: int) -> bytes | None:
        """The file at an mxc address, None if it is gone, too large or not to be had."""
        server, _slash, media = url.removeprefix("mxc://").partition("/")
        if not url.startswith("mxc://") or not server or not media:
            return None
        path = f"{V1}/media/download/{_part(server)}/{_part(media)}"
        try:
            with self._connected().stream(
                "GET", path, extensions=self._extensions, timeout=CALL_SECONDS
            ) as response:
                if response.status_code != HTTPStatus.OK:
                    return None
                return _read(response, max_bytes)
        except (httpx.HTTPError, ReplyLost):
            return None

    # Only for accounts that administer the server

    def event_reports(self, *, start: int, limit: int = 100) -> dict[str, Any]:
        """A page of the messages that members have reported, the newest first."""
        query = {"from": str(start), "limit": str(limit), "dir": "b"}
        return self.call("GET", "/_synapse/admin/v1/event_reports", query=query)


@contextmanager
def connected(url: str, token: str) -> Iterator[MatrixClient]:
    with MatrixClient(url, token) as client:
        yield client


def _part(text: str) -> str:
    return quote(text, safe="")


def _read(response: httpx.Response, max_bytes: int = MAX_RESPONSE_BYTES) -> bytes:
    content = bytearray()
    for chunk in response.iter_bytes(CHUNK_BYTES):
        content += chunk
        if len(content) > max_bytes:
            raise ReplyLost("the reply is too large")
    return bytes(content)


@functools.cache
def _certificates() -> ssl.SSLContext:
    """Read the certificates once; each client would take 20 ms of CPU for it."""
    return httpx.create_ssl_context(trust_env=False)


def _parse(status: int, headers: Mapping[str, str], text: bytes) -> dict[str, Any]:
    try:
        reply = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        reply = None
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        if isinstance(reply, list):
            return {"list": reply}
        if not isinstance(reply, dict):
            raise ReplyLost("the reply is no JSON")
        return reply
    fields = reply if isinstance(reply, dict) else {}
    code, said = str(fields.get("errcode", "")), str(fields.get("error", ""))[:500]
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise LimitExceeded(status, code, said, _wait_of(fields, headers))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        # A proxy in front of the server answers so, whatever became of the request.
        raise ReplyLost(f"{status} {code} {said}")
    raise MatrixError(status, code, said)


def _wait_of(fields: Mapping[str, Any], headers: Mapping[str, str]) -> timedelta:
    millis = fields.get("retry_after_ms")
    seconds = headers.get("Retry-After", "")
    if isinstance(millis, int | float) and millis >= 0:
        wait = timedelta(milliseconds=min(millis, MAX_WAIT.total_seconds() * 1000))
    elif seconds.isascii() and seconds.isdecimal():
        wait = timedelta(seconds=min(int(seconds), MAX_WAIT.total_seconds()))
    else:
        return DEFAULT_WAIT
    return max(wait, timedelta(milliseconds=100))

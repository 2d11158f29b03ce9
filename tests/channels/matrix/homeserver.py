"""A homeserver on this machine that answers whose an OpenID token is."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from qunce.channels.accounts import member_sign_in
from qunce.channels.accounts.models import ChannelAccount
from qunce.channels.matrix import openid
from qunce.core.communities import Community
from tests import factories
from tests.factories import AT

NAME = "h.example"
APP = "https://app.example.org"


@dataclass
class Homeserver:
    """`tokens` are those that are valid, with their users.

    `answer` replaces the answer to any token by a status and a text; with `hangs` the
    server begins an answer and goes on with it for as long as the client listens.
    """

    url: str = ""
    tokens: dict[str, str] = field(default_factory=dict)
    answer: tuple[int, str] | None = None
    hangs: bool = False
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    def connect(
        self, community: Community, *, user: str = f"@bot:{NAME}", origin: str = APP
    ) -> ChannelAccount:
        """The account of a community here; members sign in inside of one app."""
        by = factories.staff(community, "owner", f"owner-of-{community.key}")
        account = ChannelAccount.objects.create(
            community=community,
            channel="matrix",
            address=self.url,
            user=user,
            secret="secret of the bot",
            connected_at=AT,
            by=by,
        )
        if origin:
            member_sign_in.allow_frames(account=account, origins=[origin], by=by, at=AT)
        return account

    def find(self, token: str) -> tuple[int, str]:
        if self.answer is not None:
            return self.answer
        if token not in self.tokens:
            return 401, json.dumps({"errcode": "M_UNKNOWN_TOKEN", "error": "no"})
        return 200, json.dumps({"sub": self.tokens[token]})


@contextmanager
def serve() -> Iterator[Homeserver]:
    running = Homeserver()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            running.asked.append((self.path, headers))
            if parts.path != openid.PATH:
                self._send(404, "{}")
                return
            if running.hangs:
                self.send_response(200)
                while not running.is_over.wait(0.05):
                    self.wfile.write(b"X-Slow: 1\r\n")
                return
            self._send(
                *running.find(parse_qs(parts.query).get("access_token", [""])[0])
            )

        def _send(self, status: int, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_args: Any) -> None:
            """A client that has gone is no fault."""

    server = Server(("127.0.0.1", 0), Handler)
    running.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield running
    finally:
        running.is_over.set()
        server.shutdown()
        server.server_close()
        thread.join()

"""A sign-in service on this machine: OpenID Connect, with answers that a test can spoil."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT = "qunce"


@dataclass
class Provider:
    """`person` are the claims; `spoiled` replaces claims of the next tokens."""

    issuer: str
    person: dict[str, Any]
    spoiled: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1"}))
    other_key: RSAKey | None = None
    nonces: dict[str, str] = field(default_factory=dict)
    is_down: bool = False

    def authorize(self, url: str) -> dict[str, str]:
        """What the browser brings back after the person has signed in there."""
        query = {
            name: values[0] for name, values in parse_qs(urlsplit(url).query).items()
        }
        assert (query["client_id"], query["response_type"]) == (CLIENT, "code")
        assert query["code_challenge_method"] == "S256"
        code = f"code-{len(self.nonces)}"
        self.nonces[code] = query["nonce"]
        return {"code": code, "state": query["state"]}

    def token(self, code: str) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": self.nonces.pop(code),
        }
        signing = self.other_key or self.key
        text = jwt.encode(
            {"alg": "RS256", "kid": "1"}, claims | self.person | self.spoiled, signing
        )
        return {"access_token": "x", "token_type": "Bearer", "id_token": text}

    def answer(self, path: str, form: dict[str, list[str]]) -> Any:
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        if path == "/keys":
            return {"keys": [self.key.as_dict(private=False)]}
        return self.token(form["code"][0])


@contextmanager
def serve(person: dict[str, Any]) -> Iterator[Provider]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            self._answer(parse_qs(self.rfile.read(size).decode()))

        def _answer(self, form: dict[str, list[str]]) -> None:
            body = (
                b""
                if provider.is_down
                else json.dumps(provider.answer(self.path, form)).encode()
            )
            self.send_response(503 if provider.is_down else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = Provider(f"http://127.0.0.1:{server.server_port}", person)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()

"""HTTP clients of the console and of the API, which act for a staff member."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.test import Client

from qunce.core.communities import Community
from qunce.core.staff import api_keys, sessions
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from tests import factories
from tests.factories import AT

ROOT = "/api/v1"
BACKEND = "django.contrib.auth.backends.ModelBackend"


def browser(staff: Staff, **options: Any) -> Client:
    """Return a browser in which a staff member is signed in to the console."""
    client = Client(headers={"accept-language": "en"}, **options)
    client.force_login(staff, backend=BACKEND)
    session = client.session
    sessions.start(session, address="192.0.2.1", agent="Tester", at=datetime.now(UTC))
    session.save()
    return client


def session_key(staff: Staff) -> str:
    """Sign in a staff member and return what their browser keeps in its cookie."""
    return browser(staff).cookies["qunce_session"].value


@dataclass(frozen=True)
class Response:
    status: int
    body: Any
    headers: Any

    @property
    def kind(self) -> str:
        """The last part of a problem's type."""
        return str(self.body["type"]).rpartition(":")[2]


def _read(response: Any) -> Any:
    """The body as JSON, or as text if it is a file."""
    body = response.getvalue()
    if "json" in response.get("Content-Type", ""):
        return json.loads(body) if body else None
    return body.decode(errors="replace") or None


@dataclass
class ApiClient:
    """Sends requests with `token`, or without a key if it is empty."""

    token: str = ""
    client: Client = field(
        default_factory=lambda: Client(raise_request_exception=False)
    )

    def request(
        self, method: str, path: str, data: Any = None, **headers: str
    ) -> Response:
        environ: dict[str, Any] = {
            f"HTTP_{name.upper().replace('-', '_')}": value
            for name, value in headers.items()
        }
        if self.token:
            environ["HTTP_AUTHORIZATION"] = f"Bearer {self.token}"
        body = b"" if data is None else data
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        response = self.client.generic(
            method, ROOT + path, body, content_type="application/json", **environ
        )
        return Response(response.status_code, _read(response), response.headers)

    def send_form(self, path: str, body: bytes, boundary: str) -> Response:
        """Send a multipart form."""
        response = self.client.generic(
            "POST",
            ROOT + path,
            body,
            content_type=f"multipart/form-data; boundary={boundary}",
            HTTP_AUTHORIZATION=f"Bearer {self.token}",
        )
        return Response(
            response.status_code, json.loads(response.content), response.headers
        )

    def get(self, path: str, **headers: str) -> Response:
        return self.request("GET", path, **headers)

    def text(self, path: str) -> str:
        """The text of a file, which is sent in parts."""
        token = f"Bearer {self.token}"
        response = self.client.get(ROOT + path, HTTP_AUTHORIZATION=token)
        assert response.status_code == 200
        parts: Any = response
        return b"".join(parts.streaming_content).decode()

    def post(self, path: str, data: Any = None, **headers: str) -> Response:
        return self.request("POST", path, {} if data is None else data, **headers)

    def patch(self, path: str, data: Any) -> Response:
        return self.request("PATCH", path, data)

    def delete(self, path: str) -> Response:
        return self.request("DELETE", path)

    def list_all(self, path: str, limit: int) -> list[Any]:
        """Return all items, read page by page."""
        separator = "&" if "?" in path else "?"
        items, after = [], ""
        while True:
            response = self.get(f"{path}{separator}limit={limit}{after}")
            assert response.status == 200, response.body
            assert len(response.body["items"]) <= limit
            items += response.body["items"]
            if response.body["next"] is None:
                return items
            after = f"&after={response.body['next']}"


def create_token(staff: Staff, scopes: list[str] | None = None) -> str:
    """Return the token of a new key that acts for a staff member, with all scopes."""
    _key, token = api_keys.create(
        name="till",
        scopes=sorted(api_keys.SCOPES) if scopes is None else scopes,
        staff=staff,
        by=staff_models.system(staff.community),
        at=AT,
    )
    return token


def create_client(
    community: Community,
    role: str = "owner",
    *,
    scope: Any = None,
    groups: list[str] | None = None,
    scopes: list[str] | None = None,
) -> ApiClient:
    """Return a client that acts for a new staff member with this role, scope or groups."""
    login = f"{role}-{Staff.objects.count()}"
    staff = factories.staff(community, role, login, scope=scope, groups=groups)
    return ApiClient(create_token(staff, scopes))

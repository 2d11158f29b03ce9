"""A program that calls the API with a key."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.test import Client

from qunce.core.communities import Community
from qunce.core.staff import api_keys
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff

AT = datetime(2026, 3, 5, 12, tzinfo=UTC)
ROOT = "/api/v1"


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: Any

    @property
    def kind(self) -> str:
        """The last word of a problem's type."""
        return str(self.body["type"]).rpartition(":")[2]


@dataclass
class Caller:
    """Calls with `token`, or with none."""

    token: str = ""
    client: Client = field(
        default_factory=lambda: Client(raise_request_exception=False)
    )

    def call(self, method: str, path: str, given: Any = None, **headers: str) -> Answer:
        about: dict[str, Any] = {
            f"HTTP_{name.upper().replace('-', '_')}": value
            for name, value in headers.items()
        }
        if self.token:
            about["HTTP_AUTHORIZATION"] = f"Bearer {self.token}"
        body = b"" if given is None else given
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        made = self.client.generic(
            method, ROOT + path, body, content_type="application/json", **about
        )
        told = json.loads(made.content) if made.content else None
        return Answer(made.status_code, told, made.headers)

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", path, **headers)

    def post(self, path: str, given: Any = None, **headers: str) -> Answer:
        return self.call("POST", path, {} if given is None else given, **headers)

    def patch(self, path: str, given: Any) -> Answer:
        return self.call("PATCH", path, given)

    def delete(self, path: str) -> Answer:
        return self.call("DELETE", path)

    def pages(self, path: str, limit: int) -> list[Any]:
        """All items, read page by page."""
        joint = "&" if "?" in path else "?"
        found, after = [], ""
        while True:
            answer = self.get(f"{path}{joint}limit={limit}{after}")
            assert answer.status == 200, answer.body
            assert len(answer.body["items"]) <= limit
            found += answer.body["items"]
            if answer.body["next"] is None:
                return found
            after = f"&after={answer.body['next']}"


def key_of(staff: Staff, scopes: list[str] | None = None) -> str:
    """A token of a new key that acts as this operator."""
    _key, token = api_keys.create(
        name="till",
        scopes=sorted(api_keys.SCOPES) if scopes is None else scopes,
        staff=staff,
        by=staff_models.system(staff.community),
        at=AT,
    )
    return token


def caller(of: Community, role: str = "owner", **given: Any) -> Caller:
    """Of somebody new with this role, scope or groups."""
    fields = {name: given.pop(name) for name in ("groups",) if name in given}
    scopes = given.pop("scopes", None)
    login = f"{role}-{staff_models.Staff.objects.count()}"
    made = staff_models.create(community=of, login=login, role=role, at=AT, **given)
    for name, value in fields.items():
        setattr(made, name, value)
        made.save(update_fields=[name])
    return Caller(key_of(made, scopes))

"""Authorization of an API request: its key, whom the key acts for, and its scopes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja.security.base import AuthBase

from qunce.core.communities import Community
from qunce.core.staff import api_keys
from qunce.core.staff.api_keys import ApiKey
from qunce.core.staff.models import Staff

SAFE_METHODS = ("GET", "HEAD")
MEMBERS = "members:read"


class ApiRequest(HttpRequest):
    """A request with a valid key. `by` is the staff member that the key acts for.

    `at` is when the request arrived. Views and verbs use it and never read the clock.
    """

    key: ApiKey
    by: Staff
    community: Community
    at: datetime


class RequiresScope(AuthBase):
    """Requires `resource:read` for safe methods and `resource:write` for the others.

    `action` overrides this, for example for a POST that only reads. Answers with names,
    texts or identifiers of members need `members:read` as well (`shows_members`), and
    those that show other resources need to read `also` these.
    """

    openapi_type = "http"
    openapi_scheme = "bearer"
    openapi_name = "ApiKey"

    def __init__(
        self,
        resource: str,
        action: str = "",
        *,
        shows_members: bool = False,
        also: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.resource, self.action = resource, action
        self.shows_members, self.also = shows_members, also

    def __call__(self, request: HttpRequest) -> Any:
        key: ApiKey = request.key  # type: ignore[attr-defined]
        for scope in self.scopes(request.method or ""):
            api_keys.check_scope(key, scope)
        return key

    def scopes(self, method: str) -> list[str]:
        # By method, so that a new operation cannot forget its scope.
        action = self.action or ("read" if method in SAFE_METHODS else "write")
        scope = f"{self.resource}:{action}"
        others = [f"{resource}:read" for resource in self.also]
        return [scope, *([MEMBERS] if self.shows_members else []), *others]

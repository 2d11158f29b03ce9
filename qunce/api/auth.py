"""A request of a program: whose key it bears, when it came, what it may do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja.security.base import AuthBase

from qunce.core.communities import Community
from qunce.core.staff import api_keys
from qunce.core.staff.api_keys import ApiKey
from qunce.core.staff.models import Staff

SAFE_METHODS = ("GET", "HEAD")


class ApiRequest(HttpRequest):
    """`at` is the only clock below the door; `by` is whom the key stands for."""

    key: ApiKey
    by: Staff
    community: Community
    at: datetime


class RequiresScope(AuthBase):
    """The scope of a noun: to read for GET, to write for the rest, unless `only` says."""

    openapi_type = "http"
    openapi_scheme = "bearer"
    openapi_name = "ApiKey"

    def __init__(self, noun: str, only: str = "") -> None:
        super().__init__()
        self.noun, self.only = noun, only

    def __call__(self, request: HttpRequest) -> Any:
        key: ApiKey = request.key  # type: ignore[attr-defined]
        api_keys.check_scope(key, self.scope(request.method or ""))
        return key

    def scope(self, method: str) -> str:
        way = "read" if method in SAFE_METHODS else "write"
        return f"{self.noun}:{self.only or way}"

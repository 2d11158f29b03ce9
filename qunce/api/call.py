"""A request of a program: whose key it bears, when it came, what it may do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja.security.base import AuthBase

from qunce.core import apikeys
from qunce.core.apikeys import ApiKey
from qunce.core.communities import Community
from qunce.core.operators import Operator

READING = ("GET", "HEAD")


class Call(HttpRequest):
    """`at` is the only clock below the door; `by` is whom the key stands for."""

    key: ApiKey
    by: Operator
    community: Community
    at: datetime


class Needs(AuthBase):
    """The scope of a noun: to read for GET, to write for the rest, unless `only` says."""

    openapi_type = "http"
    openapi_scheme = "bearer"
    openapi_name = "ApiKey"

    def __init__(self, noun: str, only: str = "") -> None:
        super().__init__()
        self.noun, self.only = noun, only

    def __call__(self, request: HttpRequest) -> Any:
        key: ApiKey = request.key  # type: ignore[attr-defined]
        apikeys.check_scope(key, self.scope(request.method or ""))
        return key

    def scope(self, method: str) -> str:
        way = "read" if method in READING else "write"
        return f"{self.noun}:{self.only or way}"

"""The API's addresses, each behind the door."""

from __future__ import annotations

from django.urls import URLPattern, path, re_path

from qunce.api import middleware, openapi
from qunce.api.app import api

app_name = "api"


def _behind_the_door() -> list[URLPattern]:
    found = []
    for pattern in api.urls[0]:
        if isinstance(pattern, URLPattern) and pattern.name != "api-root":
            pattern.callback = middleware.authenticated(pattern.callback)
            found.append(pattern)
    return found


urlpatterns: list[URLPattern] = [
    path("openapi.json", middleware.public(openapi.document), name="openapi"),
    path("", middleware.public(openapi.docs), name="docs"),
    *_behind_the_door(),
    re_path(r"^.*$", middleware.not_found),
]

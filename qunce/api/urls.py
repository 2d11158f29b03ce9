"""The URLs of the API. Every operation is wrapped by the middleware."""

from __future__ import annotations

from django.urls import URLPattern, path, re_path

from qunce.api import middleware, openapi
from qunce.api.app import api

app_name = "api"


def _operations() -> list[URLPattern]:
    patterns = []
    for pattern in api.urls[0]:
        if isinstance(pattern, URLPattern) and pattern.name != "api-root":
            pattern.callback = middleware.authenticated(pattern.callback)
            patterns.append(pattern)
    return patterns


urlpatterns: list[URLPattern] = [
    path("openapi.json", middleware.public(openapi.document), name="openapi"),
    path("", middleware.public(openapi.docs), name="docs"),
    *_operations(),
    re_path(r"^.*$", middleware.not_found),
]

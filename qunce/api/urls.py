"""The URLs of the API. Every operation is wrapped by the middleware."""

from __future__ import annotations

from django.urls import URLPattern, path, re_path

from qunce.api import middleware, openapi
from qunce.api.app import api

app_name = "api"


operations = [
    pattern
    for pattern in api.urls[0]
    if isinstance(pattern, URLPattern) and pattern.name != "api-root"
]
# A path is compared with the patterns one by one, and facts are what programs send most.
operations.sort(key=lambda pattern: not str(pattern.pattern).startswith("facts"))
for operation in operations:
    operation.callback = middleware.authenticated(operation.callback)

urlpatterns: list[URLPattern] = [
    path("openapi.json", middleware.public(openapi.document), name="openapi"),
    path("", middleware.public(openapi.docs), name="docs"),
    *operations,
    re_path(r"^.*$", middleware.not_found),
]

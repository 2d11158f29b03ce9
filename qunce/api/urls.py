"""The API's addresses, each behind the door."""

from __future__ import annotations

from django.urls import URLPattern, path, re_path

from qunce.api import document, door
from qunce.api.site import api

app_name = "api"


def _behind_the_door() -> list[URLPattern]:
    found = []
    for pattern in api.urls[0]:
        if isinstance(pattern, URLPattern) and pattern.name != "api-root":
            pattern.callback = door.keyed(pattern.callback)
            found.append(pattern)
    return found


urlpatterns: list[URLPattern] = [
    path("openapi.json", door.open_to_all(document.openapi), name="openapi"),
    path("", door.open_to_all(document.page), name="docs"),
    *_behind_the_door(),
    re_path(r"^.*$", door.nothing_here),
]

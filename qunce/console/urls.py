"""The console's addresses: one folder an area."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

AREAS = {
    "": "today",
    "members/tags/": "tags",
    "members/segments/": "segments",
    "members/layers/": "layers",
    "members/import/": "importing",
    "members/": "members",
    "outreach/": "outreach",
    "sales/": "sales",
    "groups/": "groups",
    "insight/": "insight",
    "settings/webhooks/": "webhooks",
    "settings/": "settings",
    "sign-in/": "login",
    "search/": "search",
}

urlpatterns: list[URLPattern | URLResolver] = [
    path(where, include(import_module(f"qunce.console.{area}.urls")))
    for where, area in AREAS.items()
    if find_spec(f"qunce.console.{area}.urls")
]

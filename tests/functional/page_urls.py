"""Every address of the console that shows something, with an example of what it shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import URLResolver, get_resolver

EXAMPLES: dict[str, dict[str, str]] = {
    "members": {"pk": "account"},
    "members:attribute-detail": {"pk": "attribute"},
    "members:tag-job": {"pk": "batch"},
    "outreach": {"pk": "campaign"},
    "outreach:campaign-update": {"pk": "draft"},
    "outreach:campaign-review": {"pk": "draft"},
    "outreach:task-detail": {"pk": "task"},
    "tags": {"pk": "tag"},
    "tags:group-update": {"pk": "tag_group"},
    "segments": {"pk": "segment"},
    "segments:frozen-detail": {"pk": "frozen"},
    "layers": {"pk": "layering"},
    "importing": {"pk": "job"},
    "importing:file-detail": {"pk": "upload"},
    "groups": {"pk": "group"},
    "sales": {"pk": "order"},
    "settings:staff-detail": {"pk": "operator"},
    "settings:unit-update": {"pk": "unit"},
    "webhooks": {"pk": "endpoint"},
}
"""View, or all views of a namespace → argument → place in the house."""
SLUGS = {"tags:template-apply": {"name": "education"}}
QUERIES = {"search:results": "?q=lin"}


def addresses(places: dict[str, int]) -> dict[str, str]:
    """View → an address of it; views whose arguments are nowhere are left out."""
    found = {}
    for view, route, arguments in _views(get_resolver()):
        if view.startswith("api"):
            continue
        space = view.partition(":")[0]
        wanted = EXAMPLES.get(space, {}) | EXAMPLES.get(view, {})
        given: dict[str, Any] = {
            name: places[wanted[name]]
            for name in arguments
            if wanted.get(name) in places
        } | SLUGS.get(view, {})
        if set(given) >= set(arguments):
            found[view] = _filled(route, given) + QUERIES.get(view, "")
    return found


def views() -> list[str]:
    return [view for view, _route, _arguments in _views(get_resolver())]


def _views(
    resolver: URLResolver, space: str = "", before: str = ""
) -> Iterator[tuple[str, str, list[str]]]:
    for each in resolver.url_patterns:
        route = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from _views(each, each.namespace or space, route)
        elif each.name:
            arguments = list(each.pattern.converters)
            yield f"{space}:{each.name}", route, arguments


def _filled(route: str, given: dict[str, Any]) -> str:
    for name, value in given.items():
        for converter in ("int", "slug", "str"):
            route = route.replace(f"<{converter}:{name}>", str(value))
    return f"/{route}"

"""A URL of every view of the console, with the ID of an example object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import URLResolver, get_resolver

EXAMPLES: dict[str, dict[str, str]] = {
    "care": {"pk": "care_rule"},
    "members": {"pk": "account"},
    "members:attribute-detail": {"pk": "attribute"},
    "members:tag-job": {"pk": "batch"},
    "outreach": {"pk": "campaign"},
    "outreach:campaign-update": {"pk": "draft"},
    "outreach:campaign-review": {"pk": "draft"},
    "outreach:task-detail": {"pk": "task"},
    "series": {"pk": "series"},
    "series:episode": {"pk": "episode"},
    "sidebar": {"pk": "account"},
    "tags": {"pk": "tag"},
    "tag_rules": {"pk": "tag_rule"},
    "tag_rules:run-detail": {"pk": "tag_rule_run"},
    "tasks": {"pk": "errand"},
    "tasks:request-detail": {"pk": "asked"},
    "tags:group-update": {"pk": "tag_group"},
    "segments": {"pk": "segment"},
    "segments:frozen-detail": {"pk": "frozen"},
    "layers": {"pk": "layering"},
    "insight": {"pk": "funnel"},
    "insight:report": {"report_pk": "report"},
    "insight:goal": {"goal_pk": "goal"},
    "insight:goal-edit": {"goal_pk": "goal"},
    "notebook": {"pk": "notebook_entry"},
    "complaints": {"pk": "complaint"},
    "digests": {"group": "group", "message": "message_text"},
    "inbox": {"pk": "conversation"},
    "inbox:rule-update": {"pk": "reply_rule"},
    "wishes": {"pk": "wish"},
    "typed_numbers": {"pk": "group"},
    "importing": {"pk": "job"},
    "importing:file-detail": {"pk": "upload"},
    "groups": {"pk": "group"},
    "group_templates": {"pk": "group_template"},
    "group_templates:application": {"pk": "application"},
    "group_templates:group": {"pk": "group"},
    "moderation": {"pk": "moderation_rule", "number": "moderation_case"},
    "moderation:ladder": {"pk": "ladder"},
    "lists": {"pk": "list_entry"},
    "entry": {"pk": "entry_request"},
    "entry:gate": {"pk": "group"},
    "overlaps": {"pk": "group_set"},
    "overlaps:run": {"pk": "clean_up"},
    "patrol": {"pk": "group"},
    "activities": {"pk": "activity_of_draw"},
    "points": {"pk": "point_rule"},
    "points:member": {"pk": "points_of"},
    "prizes": {"pk": "prize"},
    "prizes:award-detail": {"pk": "award"},
    "draws": {"pk": "activity_of_draw"},
    "sales": {"pk": "order"},
    "settings:staff-detail": {"pk": "staff"},
    "settings:role-update": {"pk": "role"},
    "settings:unit-update": {"pk": "unit"},
    "service_styles": {"pk": "style"},
    "webhooks": {"pk": "endpoint"},
    "welcomes": {"pk": "welcome"},
}
"""View, or all views of a namespace → argument → kind of object in the tea shop."""
VARIANTS: dict[str, dict[str, dict[str, str]]] = {
    "importing:job-detail": {
        "joins": {"pk": "job_joins"},
        "refunds": {"pk": "job_refunds"},
        "undone": {"pk": "job_undone"},
    },
    "importing:file-detail": {"questions": {"pk": "upload_waiting"}},
    "sales:order-detail": {"abroad": {"pk": "order_abroad"}},
    "activities:detail": {
        "live": {"pk": "activity_live"},
        "waiting": {"pk": "activity_waiting"},
    },
    "activities:results": {"lesson": {"pk": "activity_over"}},
    "segments:detail": {"options": {"pk": "segment_of_options"}},
}
"""View → name of another state of its page → argument → kind of object."""
SLUGS = {
    "activities:create": {"kind": "check_in"},
    "channels:connect": {"channel": "matrix"},
    "channels:detail": {"channel": "matrix"},
    "tags:template-apply": {"name": "education"},
    "members:field": {"key": "staff"},
    "care:create": {"kind": "birthday"},
    "tag_rules:create": {"kind": "words"},
    "insight:funnel-people": {"step": "1"},
    "insight:staff-conversations": {"staff": "all"},
    "insight:staff-tasks": {"staff": "all"},
    "insight:staff-groups": {"staff": "all"},
    "insight:score": {"key": "activity"},
    "insight:score-edit": {"key": "activity"},
    "insight:goal-new": {"level": "community"},
    "insight:positioning-version": {"version": "1"},
    "notebook:create": {"kind": "competitor"},
}
QUERIES = {
    "search:results": "?q=lin",
    "insight:retention": "?by=source",
    "insight:retention-people": "?periods=0",
    "insight:retained-people": "?column=joined&first=2020-01-01",
    "insight:touches-people": "?touches=0",
}


def list_urls(ids: dict[str, int]) -> dict[str, str]:
    """Return view, or view and state → URL, without views for whose arguments there is no example."""
    urls = {}
    for view, route, arguments in _walk(get_resolver()):
        if view.startswith("api"):
            continue
        namespace = view.partition(":")[0]
        kinds = EXAMPLES.get(namespace, {}) | EXAMPLES.get(view, {})
        values: dict[str, Any] = {
            name: ids[kinds[name]] for name in arguments if kinds.get(name) in ids
        } | SLUGS.get(view, {})
        if set(values) >= set(arguments):
            urls[view] = _fill_in(route, values) + QUERIES.get(view, "")
        for state, kinds in VARIANTS.get(view, {}).items():
            if set(kinds.values()) <= set(ids):
                values = {name: ids[kind] for name, kind in kinds.items()}
                urls[f"{view}-{state}"] = _fill_in(route, values)
    return urls


def list_views() -> list[str]:
    return [view for view, _route, _arguments in _walk(get_resolver())]


def _walk(
    resolver: URLResolver, namespace: str = "", prefix: str = ""
) -> Iterator[tuple[str, str, list[str]]]:
    for part in resolver.url_patterns:
        route = prefix + str(part.pattern)
        if isinstance(part, URLResolver):
            yield from _walk(part, part.namespace or namespace, route)
        elif part.name:
            arguments = list(part.pattern.converters)
            yield f"{namespace}:{part.name}", route, arguments


def _fill_in(route: str, values: dict[str, Any]) -> str:
    for name, value in values.items():
        for converter in ("int", "slug", "str"):
            route = route.replace(f"<{converter}:{name}>", str(value))
    return f"/{route}"

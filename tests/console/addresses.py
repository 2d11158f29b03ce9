"""Every address of the house, from the resolver, filled in with objects of a world."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from qunce.console import http
from qunce.insight import chart_script, metric_definitions

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")

WHAT: dict[str, str] = {
    "groups.pk": "group",
    "groups.account": "member",
    "groups.moment": "=1",
    "groups.step": "=open",
    "groups.name": "=moves",
    "importing.pk": "import",
    "importing.target": "=members",
    "importing:file-detail.pk": "upload",
    "importing:file-preview.pk": "upload",
    "importing:file-import.pk": "upload",
    "importing:file-delete.pk": "upload",
    "insight.name": f"={metric_definitions.list_names('community')[0]}",
    "insight:chart-script.name": "=" + chart_script.name(),
    "layers.pk": "layering",
    "members.pk": "member",
    "members.batch": "batch",
    "members.join": "join",
    "members.note": "note",
    "members.tag": "other tag",
    "members:attribute-detail.pk": "attribute",
    "members:tag-job.pk": "tag job",
    "outreach.pk": "campaign",
    "outreach:campaign-update.pk": "draft",
    "outreach:campaign-review.pk": "draft",
    "outreach.account": "member",
    "outreach.target": "member",
    "outreach:task-detail.pk": "task",
    "outreach:task-open-next.pk": "task",
    "outreach:task-hand-over.pk": "task",
    "outreach:recipient-mark-sent.pk": "task",
    "outreach:recipient-fail.pk": "task",
    "outreach:recipient-undo.pk": "task",
    "sales.pk": "order",
    "segments.pk": "segment",
    "segments.field": "=tag",
    "segments:frozen-detail.pk": "frozen",
    "settings.pk": "staff",
    "settings:unit-update.pk": "unit",
    "settings:unit-close.pk": "unit",
    "settings:unit-reopen.pk": "unit",
    "settings:api-key-revoke.pk": "key",
    "tags.pk": "tag",
    "tags.other": "other tag",
    "tags.synonym": "synonym",
    "tags.name": "=education",
    "tags:batch-undo.pk": "batch",
    "tags:group-update.pk": "tag group",
    "webhooks.pk": "endpoint",
    "webhooks.delivery": "delivery",
}
"""Which object a parameter of an address names; `=` gives the word itself.

`namespace:view.parameter`, or `namespace.parameter` for all views that are not told.
"""


@dataclass(frozen=True)
class Address:
    path: str
    view: str
    callback: Any
    kinds: tuple[str, ...]

    @property
    def entry(self) -> str | None:
        """The permission that it asks for, `signed in`, `public`; None if it asks nothing."""
        return getattr(self.callback, http.ACCESS_ATTRIBUTE, None)

    def __str__(self) -> str:
        return f"{self.view} /{self.path}"


class NoCase(Exception):
    """A new address: say in `WHAT` which object its parameter names."""


def of_console(numbers: Mapping[str, int]) -> list[Address]:
    found = _walk(get_resolver(), "", "")
    return [
        _filled(path, view, callback, numbers)
        for path, view, callback in found
        if callback.__module__.startswith("qunce.console")
    ]


def _walk(
    resolver: URLResolver, before: str, namespace: str
) -> Iterator[tuple[str, str, Any]]:
    for part in resolver.url_patterns:
        path = before + str(part.pattern)
        if isinstance(part, URLPattern):
            yield path, f"{namespace}:{part.name}", part.callback
        else:
            yield from _walk(part, path, part.namespace or namespace)


def _filled(path: str, view: str, callback: Any, numbers: Mapping[str, int]) -> Address:
    kinds = []

    def value(found: re.Match[str]) -> str:
        name, namespace = found[1], view.partition(":")[0]
        what = WHAT.get(f"{view}.{name}") or WHAT.get(f"{namespace}.{name}")
        if what is None:
            raise NoCase(f"{view} {path}: {name}")
        kinds.append(what)
        return what[1:] if what.startswith("=") else str(numbers[what])

    return Address(PARAMETER.sub(value, path), view, callback, tuple(kinds))

"""The API describes itself: as an OpenAPI document, and as a page to read."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.http import require_safe

from qunce.api.app import api
from qunce.api.auth import RequiresScope
from qunce.api.problems import MEDIA_TYPE, TITLES

PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "description": "Names the problem for programs."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "One sentence for people."},
        "where": {"type": "string", "description": "The place in a rule."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "where": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


@functools.cache
def build_document(prefix: str) -> dict[str, Any]:
    """The OpenAPI document: ninja's, with the problems and scopes of each operation."""
    schema: dict[str, Any] = dict(api.get_openapi_schema(path_prefix=prefix))
    schema["components"].setdefault("schemas", {})["Problem"] = PROBLEM
    scopes = _scopes()
    with translation.override("en"):  # kept for all readers
        for methods in schema["paths"].values():
            for operation in methods.values():
                _describe(operation, scopes[operation["operationId"]])
    return schema


def _describe(operation: dict[str, Any], scope: str) -> None:
    said = operation.get("description", "")
    operation["description"] = f"{said}\n\nScope: `{scope}`".strip()
    reference = {"$ref": "#/components/schemas/Problem"}
    for status in TITLES:
        operation["responses"][str(status)] = {
            "description": str(TITLES[status]),
            "content": {MEDIA_TYPE: {"schema": reference}},
        }


def _scopes() -> dict[str, str]:
    found = {}
    for _prefix, router in api._routers:
        for view in router.path_operations.values():
            for operation in view.operations:
                needs = operation.auth_callbacks or [router.auth]
                name = api.get_openapi_operation_id(operation)
                found[name] = _scope(needs[0], operation.methods[0])
    return found


def _scope(needs: Any, method: str) -> str:
    if not isinstance(needs, RequiresScope):
        raise TypeError("every operation needs a scope")
    return needs.scope(method)


@require_safe
def document(request: HttpRequest) -> HttpResponse:
    return JsonResponse(
        build_document(reverse("api:docs")), json_dumps_params={"ensure_ascii": False}
    )


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """All operations by noun, without a script."""
    root = reverse("api:docs")
    schema = build_document(root)
    nouns: dict[str, list[dict[str, Any]]] = {}
    for where, methods in schema["paths"].items():
        for method, operation in methods.items():
            told = _told(schema, method.upper(), where, operation)
            nouns.setdefault(operation["tags"][0], []).append(told)
    context = {"nouns": nouns, "root": request.build_absolute_uri(root)}
    return render(request, "api/page.html", context)


def _told(
    schema: dict[str, Any], method: str, where: str, operation: dict[str, Any]
) -> dict[str, Any]:
    said, _gap, scope = operation["description"].rpartition("Scope: ")
    return {
        "method": method,
        "path": where,
        "said": said.strip(),
        "scope": scope.strip("`"),
        "parameters": operation.get("parameters", []),
        "fields": list(_fields(schema, operation)),
    }


def _fields(
    schema: dict[str, Any], operation: dict[str, Any]
) -> Iterator[tuple[str, str, bool]]:
    """Name, type and whether it is needed, of each field of the body."""
    content = operation.get("requestBody", {}).get("content", {})
    reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
    shape = schema["components"]["schemas"].get(reference.rpartition("/")[2], {})
    for name, about in shape.get("properties", {}).items():
        kinds = {one.get("type", "object") for one in about.get("anyOf", [about])}
        words = " | ".join(sorted(kinds - {"null"}))
        yield name, words, name in shape.get("required", [])

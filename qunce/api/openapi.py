"""The description of the API: an OpenAPI document, and a page to read."""

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

PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "description": "Identifies the problem."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence for people."},
        "path": {
            "type": "string",
            "description": "The clause that is wrong in a rule.",
        },
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "path": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


@functools.cache
def build_document(prefix: str) -> dict[str, Any]:
    """Return the OpenAPI document: ninja's, with problems and the scopes of operations."""
    schema: dict[str, Any] = dict(api.get_openapi_schema(path_prefix=prefix))
    schema["components"].setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
    scopes = {}
    for _prefix, router in api._routers:
        for view in router.path_operations.values():
            for declared in view.operations:
                auth = (declared.auth_callbacks or [router.auth])[0]
                if not isinstance(auth, RequiresScope):
                    raise TypeError(f"{declared.view_func.__name__} requires no scope")
                operation_id = api.get_openapi_operation_id(declared)
                scopes[operation_id] = auth.scopes(declared.methods[0])
    # The document is cached for all users, so it is in one language.
    with translation.override("en"):
        for methods in schema["paths"].values():
            for operation in methods.values():
                scope = ", ".join(f"`{s}`" for s in scopes[operation["operationId"]])
                # The first line of a view's docstring is the summary.
                summary, _break, rest = operation.get("description", "").partition("\n")
                operation["summary"] = summary.strip()
                operation["description"] = f"{rest.strip()}\n\nScope: {scope}".strip()
                reference = {"$ref": "#/components/schemas/Problem"}
                for status in TITLES:
                    operation["responses"][str(status)] = {
                        "description": str(TITLES[status]),
                        "content": {MEDIA_TYPE: {"schema": reference}},
                    }
    return schema


@require_safe
def document(request: HttpRequest) -> HttpResponse:
    return JsonResponse(
        build_document(reverse("api:docs")), json_dumps_params={"ensure_ascii": False}
    )


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Show all operations by resource, without any script."""
    root = reverse("api:docs")
    schema = build_document(root)
    resources: dict[str, list[dict[str, Any]]] = {}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            description, _scope, scope = operation["description"].rpartition("Scope: ")
            resources.setdefault(operation["tags"][0], []).append(
                {
                    "method": method.upper(),
                    "path": path,
                    "summary": operation["summary"],
                    "description": description.strip(),
                    "scope": scope.replace("`", ""),
                    "parameters": operation.get("parameters", []),
                    "fields": list(_body_fields(schema, operation)),
                }
            )
    context = {"resources": resources, "root": request.build_absolute_uri(root)}
    return render(request, "api/docs.html", context)


def _body_fields(
    schema: dict[str, Any], operation: dict[str, Any]
) -> Iterator[tuple[str, str, bool]]:
    """Yield name, type and whether it is required, for each field of the body."""
    content = operation.get("requestBody", {}).get("content", {})
    reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
    body = schema["components"]["schemas"].get(reference.rpartition("/")[2], {})
    for name, field in body.get("properties", {}).items():
        # Pydantic describes an optional field as any of its type and null.
        types = {part.get("type", "object") for part in field.get("anyOf", [field])}
        yield (
            name,
            " | ".join(sorted(types - {"null"})),
            name in body.get("required", []),
        )

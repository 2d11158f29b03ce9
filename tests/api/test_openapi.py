"""The OpenAPI document, and the API's conformance to it."""

from __future__ import annotations

import contextlib
import json
import re
from typing import Any
from urllib.parse import urlencode

import hypothesis
import pytest
import schemathesis
from django.db import transaction
from django.test import Client
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from qunce.api import openapi
from qunce.core.communities import Community
from qunce.core.staff import api_keys
from tests import factories
from tests.clients import ROOT, ApiClient, create_client
from tests.shares import IS_EXACT

DOCUMENT = openapi.build_document(f"{ROOT}/")
SCHEMA: Any = schemathesis.openapi.from_dict(DOCUMENT)
PATHS: dict[str, Any] = DOCUMENT["paths"]
OPERATIONS = [(path, method) for path, methods in PATHS.items() for method in methods]
JSON_OPERATIONS = [row for row in OPERATIONS if not row[0].endswith("/stream")]
SHARE = 1 if IS_EXACT else 3
"""One of so many operations gets generated requests; `make exact` sends them to all."""
FEW_EXAMPLES = hypothesis.settings(
    max_examples=20 if IS_EXACT else 2,
    deadline=None,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)


def fill(path: str) -> str:
    return re.sub(r"\{[a-z_]+\}", "1", path.removeprefix(ROOT))


def test_document_is_public(client: Client) -> None:
    response = client.get(f"{ROOT}/openapi.json")
    assert response.status_code == 200
    assert json.loads(response.content)["openapi"].startswith("3.")


@pytest.mark.django_db
def test_page_lists_every_operation(client: Client) -> None:
    page = client.get(f"{ROOT}/", headers={"accept-language": "zh-CN"})
    assert page.status_code == 200
    text = page.content.decode()
    for path, method in OPERATIONS:
        assert f"{method.upper()} {path}" in text
    assert "<script" not in text


def test_resources_have_the_words_of_the_interface() -> None:
    resources = {path.removeprefix(f"{ROOT}/").partition("/")[0] for path in PATHS}
    assert resources == {
        "badges",
        "topics",
        "levels",
        "membership-plans",
        "membership-terms",
        "survey-conflicts",
        "survey-responses",
        "surveys",
        "accounts",
        "activities",
        "activity-kinds",
        "approval-rule",
        "assignable-staff",
        "assisted-messages",
        "attribute-type-changes",
        "attributes",
        "breakdowns",
        "audit-log",
        "awards",
        "campaigns",
        "care",
        "channels",
        "clean-ups",
        "community",
        "complaints",
        "completeness",
        "contact-budget",
        "content-calendar",
        "episodes",
        "entry-requests",
        "conversations",
        "exchange-rates",
        "facts",
        "findings",
        "follow-ups",
        "frozen-segments",
        "funnels",
        "group-template-applications",
        "group-templates",
        "group-exposures",
        "group-sets",
        "goals",
        "groups",
        "hold-out",
        "idea-feeds",
        "ideas",
        "identity-settings",
        "imports",
        "jobs",
        "ladders",
        "layerings",
        "lifetime-value",
        "lists",
        "make-up-cards",
        "materials",
        "member-columns",
        "member-exports",
        "members",
        "merges",
        "message-templates",
        "metrics",
        "missed-messages",
        "moderation",
        "notebook",
        "notes",
        "opt-outs",
        "orders",
        "patrol",
        "placeholders",
        "playbooks",
        "prizes",
        "portraits",
        "points",
        "positioning",
        "remark-pattern",
        "reply-rules",
        "reports",
        "retained-members",
        "retention",
        "roles",
        "rules",
        "saved-views",
        "scores",
        "segments",
        "series",
        "service-styles",
        "shared-identifiers",
        "staff",
        "staff-accounts",
        "staff-in-charge",
        "staff-notices",
        "staff-performance",
        "staff-tasks",
        "suppressions",
        "tag-batches",
        "tag-groups",
        "tag-jobs",
        "tag-report",
        "tag-rule-runs",
        "tag-rules",
        "tag-templates",
        "tags",
        "task-requests",
        "tasks",
        "touches-before-orders",
        "units",
        "typed-numbers",
        "webhooks",
        "welcomes",
        "wishes",
        "words",
    }


def test_operations_are_described() -> None:
    for path, method in OPERATIONS:
        operation = PATHS[path][method]
        assert re.fullmatch(r"[a-z]+_[a-z]+(_[a-z]+)*", operation["operationId"])
        assert operation["summary"].endswith((".", ":"))
        scopes = list_scopes(operation)
        assert scopes
        assert set(scopes) <= api_keys.SCOPES


def list_scopes(operation: dict[str, Any]) -> list[str]:
    _text, _word, scopes = operation["description"].rpartition("Scope: ")
    return re.findall(r"`([a-z]+:[a-z]+)`", scopes)


SHOWING_MEMBERS = {
    "Explanation",
    "IdentifierOut",
    "MemberSummaryOut",
    "PairOut",
    "RecipientOut",
    "RemainderOut",
    "SampleOut",
    "TaskRecipientOut",
}
"""Schemas with names, texts or identifiers of members."""


def test_members_are_shown_only_to_keys_that_may_read_them() -> None:
    wrong = []
    for path, method in OPERATIONS:
        operation = PATHS[path][method]
        answers = [operation["responses"].get(status) for status in (200, 201)]
        scopes = {"members:read", "members:write"} & set(list_scopes(operation))
        if SHOWING_MEMBERS & schemas_in(answers) and not scopes:
            wrong.append(f"{method} {path}")
    assert wrong == []


def schemas_in(part: Any) -> set[str]:
    """Names of the schemas to which a part of the document refers, also indirectly."""
    names = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(part)))
    below = (schemas_in(DOCUMENT["components"]["schemas"][name]) for name in names)
    return names.union(*below)


def test_operation_ids_are_unique() -> None:
    ids = [PATHS[path][method]["operationId"] for path, method in OPERATIONS]
    assert len(ids) == len(set(ids))
    assert {"members_list", "members_get", "members_create"} <= set(ids)


def test_schemas_follow_one_naming_convention() -> None:
    """Schemas of requests end in In; a name that two modules used would be lost."""
    ending = re.compile(r"(In|Out|Result|Out_)$")
    others = {
        name for name in DOCUMENT["components"]["schemas"] if not ending.search(name)
    }
    assert others == {
        "CaseState",
        "Explanation",
        "LineError",
        "Mode",
        "Problem",
        "Reason",
        "Rung",
        "SendFailure",
        "Stage",
    }


def test_operations_require_their_scopes(shop: Community) -> None:
    """A key with all scopes but one is refused, for each scope of each operation."""
    tokens = {
        scope: create_client(shop, scopes=sorted(api_keys.SCOPES - {scope}))
        for scope in api_keys.SCOPES
    }
    wrong = {}
    for path, method in OPERATIONS:
        for scope in list_scopes(PATHS[path][method]):
            response = tokens[scope].request(method.upper(), fill(path), {})
            answer = response.status, response.kind
            if answer != (403, "missing-scope"):
                wrong[f"{method} {path} without {scope}"] = answer
    assert wrong == {}


def test_generated_requests_never_cause_a_server_error(
    shop: Community, api: ApiClient
) -> None:
    """schemathesis sends what the document allows, and what it does not."""
    factories.members(shop, "m1", "m2")
    modes = schemathesis.GenerationMode
    for path, method in JSON_OPERATIONS[::SHARE]:
        for mode in (modes.POSITIVE, modes.NEGATIVE):
            with transaction.atomic():
                send_generated(api, SCHEMA[path][method], mode)
                transaction.set_rollback(True)


def test_null_is_never_an_error_of_the_server(shop: Community, api: ApiClient) -> None:
    """A null that is no value of a setting is refused, or leaves it as it is."""
    for path, methods in PATHS.items():
        if "patch" not in methods or "{" in path:
            continue
        content = methods["patch"]["requestBody"]["content"]["application/json"]
        name = content["schema"]["$ref"].rpartition("/")[2]
        for field in DOCUMENT["components"]["schemas"][name]["properties"]:
            answer = api.request("PATCH", path.removeprefix(ROOT), {field: None})
            assert answer.status < 500, (path, field, answer.body)


def send_generated(api: ApiClient, operation: Any, mode: Any) -> None:
    try:
        strategy = operation.as_strategy(generation_mode=mode)
    except Unsatisfiable:  # there is no invalid request for this operation
        return

    @FEW_EXAMPLES
    @hypothesis.given(case=strategy)
    def send(case: Any) -> None:
        query = urlencode(case.query or {}, doseq=True, errors="replace")
        path = case.formatted_path.removeprefix(ROOT) + (f"?{query}" if query else "")
        response = api.request(case.method, path, encode(case.body))
        assert response.status < 500, (case.method, path, case.body, response.body)
        if response.status >= 400:
            assert response.body["status"] == response.status

    with contextlib.suppress(Unsatisfiable):
        send()


def encode(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    if not isinstance(body, dict | list | str | int | float | bool | None):
        return b""
    return json.dumps(body).encode()


def test_generated_streams_never_cause_a_server_error(
    shop: Community, api: ApiClient
) -> None:
    pieces = st.sampled_from([b"{", b"}", b'"kind"', b":", b'"a.b"', b"\n", b",", b"7"])

    @FEW_EXAMPLES
    @hypothesis.given(st.one_of(st.binary(), st.lists(pieces).map(b"".join)))
    def send(body: bytes) -> None:
        assert api.request("POST", "/facts/stream", body).status in (200, 400)

    send()

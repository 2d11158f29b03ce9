"""The API describes itself, and holds to it whatever is sent."""

from __future__ import annotations

import contextlib
import json
import re
from typing import Any
from urllib.parse import urlencode

import hypothesis
import pytest
import schemathesis
from django.test import Client
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from qunce.api import openapi
from qunce.core.communities import Community
from qunce.core.staff import api_keys
from tests.api.client import ROOT, ApiClient, create_client
from tests.members import made

DESCRIBED = openapi.build_document(f"{ROOT}/")
SCHEMA: Any = schemathesis.openapi.from_dict(DESCRIBED)
PATHS: dict[str, Any] = DESCRIBED["paths"]
OPERATIONS = [(path, way) for path, ways in PATHS.items() for way in ways]
SENT = [(path, way) for path, way in OPERATIONS if not path.endswith("/stream")]
NAMES = [f"{way} {path.removeprefix(ROOT)}" for path, way in OPERATIONS]
FEW = hypothesis.settings(
    max_examples=4,
    deadline=None,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)


def test_it_is_told_to_everybody_without_a_key(client: Client) -> None:
    told = client.get(f"{ROOT}/openapi.json")
    assert told.status_code == 200
    assert json.loads(told.content)["openapi"].startswith("3.")


@pytest.mark.django_db
def test_the_page_names_every_operation(client: Client) -> None:
    page = client.get(f"{ROOT}/", headers={"accept-language": "zh-CN"})
    assert page.status_code == 200
    text = page.content.decode()
    for path, way in OPERATIONS:
        assert f"{way.upper()} {path}" in text
    assert "<script" not in text


def test_every_noun_of_the_issue_is_there() -> None:
    nouns = (
        "members accounts tags groups orders facts segments layerings campaigns tasks"
    )
    found = {path.removeprefix(f"{ROOT}/").partition("/")[0] for path in PATHS}
    assert set(nouns.split()) <= found


def test_every_operation_names_its_scope() -> None:
    for path, way in OPERATIONS:
        said = PATHS[path][way]["description"]
        scope = re.search(r"Scope: `([a-z]+:[a-z]+)`", said)
        assert scope, (way, path)
        assert scope[1] in api_keys.SCOPES


@pytest.mark.parametrize(("path", "way"), OPERATIONS, ids=NAMES)
def test_nobody_without_a_key_gets_in(db: None, path: str, way: str) -> None:
    place = re.sub(r"\{[a-z]+\}", "1", path.removeprefix(ROOT))
    assert ApiClient().request(way.upper(), place, {}).status == 401


@pytest.mark.parametrize(("path", "way"), OPERATIONS, ids=NAMES)
def test_a_key_without_its_scope_is_refused(
    shop: Community, path: str, way: str
) -> None:
    scope = PATHS[path][way]["description"].rpartition("`")[0].rpartition("`")[2]
    rest = sorted(api_keys.SCOPES - {scope})
    place = re.sub(r"\{[a-z]+\}", "1", path.removeprefix(ROOT))
    response = create_client(shop, scopes=rest).request(way.upper(), place, {})
    assert (response.status, response.kind) == (403, "out-of-scope")


@pytest.mark.parametrize(("path", "way"), SENT, ids=[f"{w} {p}" for p, w in SENT])
def test_nothing_that_is_sent_breaks_it(
    shop: Community, api: ApiClient, path: str, way: str
) -> None:
    """schemathesis campaigns what the document allows, and what it does not."""
    made.members(shop, "m1", "m2")
    cases = schemathesis.GenerationMode
    for mode in (cases.POSITIVE, cases.NEGATIVE):
        _try(api, SCHEMA[path][way], mode)


def _try(api: ApiClient, operation: Any, mode: Any) -> None:
    try:
        strategy = operation.as_strategy(generation_mode=mode)
    except Unsatisfiable:  # everything that could be sent is allowed
        return

    @FEW
    @hypothesis.given(case=strategy)
    def send(case: Any) -> None:
        query = urlencode(case.query or {}, doseq=True, errors="replace")
        path = case.formatted_path.removeprefix(ROOT) + (f"?{query}" if query else "")
        response = api.request(case.method, path, _bytes(case.body))
        assert response.status < 500, (case.method, path, case.body, response.body)
        if response.status >= 400:
            assert response.body["status"] == response.status

    with contextlib.suppress(Unsatisfiable):
        send()


def _bytes(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    if not isinstance(body, dict | list | str | int | float | bool | None):
        return b""
    return json.dumps(body).encode()


def test_no_stream_breaks_it(shop: Community, api: ApiClient) -> None:
    words = st.sampled_from([b"{", b"}", b'"kind"', b":", b'"a.b"', b"\n", b",", b"7"])

    @FEW
    @hypothesis.given(st.one_of(st.binary(), st.lists(words).map(b"".join)))
    def send(body: bytes) -> None:
        assert api.request("POST", "/facts/stream", body).status in (200, 400)

    send()

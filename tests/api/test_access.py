"""Every path of the API with no key, another role, another scope, another community."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from qunce.api import openapi
from qunce.core.facts.audit import AuditEntry
from qunce.core.facts.facts import Fact
from qunce.core.staff import api_keys
from qunce.core.staff.models import Staff
from qunce.outreach.campaigns.campaigns import Campaign
from tests.api.client import ROOT, Response, ApiClient
from tests.console import world
from tests.console.world import World

pytestmark = pytest.mark.django_db
PATHS: dict[str, Any] = openapi.build_document(f"{ROOT}/")["paths"]
HIDDEN = {"member", "account", "other", "group", "order"}
"""What the scoped operator must not see."""
KEYS = {
    "tag": "homely-other",
    "group": "closed",
    "order": "Hidden-Order",
    "segment": "homely",
    "frozen": "homely-list",
    "layering": "homely",
}


@pytest.fixture
def made() -> World:
    return world.made()


def called(made: World, by: Staff | None) -> ApiClient:
    if by is None:
        return ApiClient()
    boss = made.boss if by.community_id == made.home.pk else made.stranger
    _key, token = api_keys.create(
        name="sweep", scopes=api_keys.SCOPES, staff=by, by=boss, at=made.at
    )
    return ApiClient(token)


def values(made: World) -> dict[str, tuple[str, str]]:
    """The number and the key of what each parameter names."""
    numbers = made.numbers
    number = {
        "member": numbers["member"],
        "account": numbers["member"],
        "other": numbers["twin"],
        "tag": numbers["other tag"],
        "batch": numbers["batch"],
        "group": numbers["group"],
        "order": numbers["order"],
        "segment": numbers["segment"],
        "frozen": numbers["frozen"],
        "layering": numbers["layering"],
        "send": numbers["campaign"],
        "task": numbers["task"],
        "target": numbers["member"],
        "webhook": numbers["endpoint"],
        "delivery": numbers["delivery"],
    }
    send = Campaign.objects.get(pk=numbers["campaign"]).key
    return {
        name: (str(found), (KEYS | {"send": send}).get(name, str(found)))
        for name, found in number.items()
    }


def each(made: World, by: Staff | None) -> Iterator[tuple[str, str, list[str], Response]]:
    caller, known = called(made, by), values(made)
    for path, ways in PATHS.items():
        for way, told in ways.items():
            kinds = {
                each["name"]: each["schema"].get("type")
                for each in told.get("parameters", [])
                if each["in"] == "path"
            }
            names = re.findall(r"{(\w+)}", path)
            filled = path.removeprefix(ROOT)
            for name in names:
                at = 0 if kinds.get(name) == "integer" else 1
                filled = filled.replace(f"{{{name}}}", known[name][at])
            given: dict[str, str] | None = None if way == "get" else {}
            yield way, path, names, caller.request(way.upper(), filled, given)


def written() -> tuple[int, int]:
    return Fact.objects.count(), AuditEntry.objects.count()


def test_without_a_key_nothing_is_told(made: World) -> None:
    before = written()
    wrong = [
        f"{way} {path}: {response.status}"
        for way, path, _names, response in each(made, None)
        if response.status != 401
    ]
    assert wrong == []
    assert written() == before


def test_a_viewers_key_changes_nothing(made: World) -> None:
    caller = each(made, made.viewer)
    wrong, before = [], None
    for way, path, _names, response in caller:
        before = before or written()
        if response.status >= 500 or written() != before:
            wrong.append(f"{way} {path}: {response.status}")
            before = written()
    assert wrong == []


def test_another_communitys_key_finds_nothing(made: World) -> None:
    wrong = []
    for way, path, names, response in each(made, made.stranger):
        if names and response.status not in (403, 404, 405, 409, 422):
            wrong.append(f"{way} {path}: {response.status}")
        if names and way == "get" and response.status not in (404, 422):
            wrong.append(f"{way} {path}: {response.status}")
        if response.status >= 500 or "homely" in str(response.body).casefold():
            wrong.append(f"{way} {path}: leaks or fails {response.body}")
    assert wrong == []


def test_a_scoped_key_finds_nothing_beyond_its_scope(made: World) -> None:
    wrong = []
    for way, path, names, response in each(made, made.scoped):
        if HIDDEN & set(names) and way == "get" and response.status not in (403, 404):
            wrong.append(f"{way} {path}: {response.status}")
        told = str(response.body)
        if response.status >= 500 or "Hidden M" in told or "13800009999" in told:
            wrong.append(f"{way} {path}: leaks or fails {told[:200]}")
    assert wrong == []
